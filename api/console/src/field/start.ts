import { useEffect } from 'react';
import { useSession } from '../app/session';
import { store } from '../app/store';
import { demanded } from '../contract/demand';
import { count, flush } from './outbox';
import { checkPack, packNow, wipePack } from './pack';
import { sweep, sweptOf } from './sweep';
import { open, secure, whose, wipe } from './vault';

const EVERY_MS = 60_000;
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
    const go = (): void => {
      if (!stopped) void round().catch(() => undefined);
    };
    void open(name).then(count).then(go);
    keepShell();
    window.addEventListener('online', go);
    const timer = setInterval(go, EVERY_MS);
    return () => {
      stopped = true;
      window.removeEventListener('online', go);
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
