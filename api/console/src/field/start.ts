import { useEffect } from 'react';
import { outbox } from '../app/outbox';
import { useSession } from '../app/session';
import { store } from '../app/store';
import { demanded } from '../contract/demand';
import { count, flush } from './outbox';
import { checkPack, packNow, wipePack } from './pack';
import { sweep, sweptOf } from './sweep';
import { open, secure, whose, wipe } from './vault';

const EVERY_MS = 60_000;
const SOON_MS = 2000;
const TRIES = 4;
const SHELL_AFTER_MS = 2000;
const REASONS = ['expired', 'revoked', 'suspended', 'moved', 'signed_out', 'replaced', 'unknown'] as const;
export type Reason = (typeof REASONS)[number];

/** Why the pack that was here is not any more; null while there is nothing to say. */
export const gone = store<Reason | null>(null);

async function round(): Promise<void> {
  const why = (await checkPack())?.why ?? sweptOf(whose());
  if (why !== undefined) gone.set(REASONS.find((one) => one === why) ?? 'unknown');
  await sweep();
  // Whoever has been asked to sign in again is not asked a second time meanwhile.
  if (!navigator.onLine || demanded.get() !== null) return;
  await flush();
}

/** Whether something waits that could go now. */
function unsent(): boolean {
  const { waiting, refused } = outbox.get();
  return navigator.onLine && demanded.get() === null && waiting > refused;
}

/** Have the shell kept, where the origin is secure, once the page has nothing more urgent to do. */
function keepShell(): void {
  if (!secure || navigator.serviceWorker === undefined || import.meta.env.DEV) return;
  setTimeout(() => void navigator.serviceWorker.register('/sw.js').catch(() => undefined), SHELL_AFTER_MS);
}

/** While somebody is signed in: their work on this device is opened, and what waits is sent when it can be. */
export function useField(): void {
  const { name } = useSession();
  useEffect(() => {
    let stopped = false;
    let soon: ReturnType<typeof setTimeout> | undefined;
    // A network that has just come back often fails the first call: then it is tried again, ever more rarely.
    const go = (tried = 0): void => {
      if (stopped) return;
      clearTimeout(soon);
      void round()
        .catch(() => undefined)
        .then(() => {
          if (!stopped && tried < TRIES && unsent()) soon = setTimeout(() => go(tried + 1), SOON_MS * 2 ** tried);
        });
    };
    const online = (): void => go();
    void open(name).then(count).then(online);
    keepShell();
    window.addEventListener('online', online);
    const timer = setInterval(online, EVERY_MS);
    return () => {
      stopped = true;
      clearTimeout(soon);
      window.removeEventListener('online', online);
      clearInterval(timer);
    };
  }, [name]);
}

/** Leave nothing of the worker on this device: for signing out. */
export async function leaveNothing(): Promise<void> {
  await packNow();
  await wipePack();
  await wipe();
  await count();
}
