import type { ReactElement } from 'react';
import { type ComponentType, use } from 'react';

const PAUSE_MS = 3000;
type Loaded = { default: ComponentType };
/** A page whose code may still be on its way; ``begin`` has it fetched, and resolves when it can be shown at once. */
export type Lasting = ComponentType & { begin: () => Promise<void> };

/** A part of the page that is fetched when it is needed, again and again until the network brings it. */
export function lasting(load: () => Promise<Loaded>): Lasting {
  let found: ComponentType | undefined;
  let coming: Promise<void> | undefined;
  const attempt = (): Promise<Loaded> => load().catch(() => reachable().then(attempt));
  const begin = async (): Promise<void> => {
    found = (await attempt()).default;
  };
  const once = (): Promise<void> => {
    coming ??= begin();
    return coming;
  };
  // What is there is shown without a pause: whoever suspends waits for React's own patience, a third of a second.
  function Page(): ReactElement | null {
    if (found === undefined) use(once());
    const Found = found;
    return Found === undefined ? null : <Found />;
  }
  return Object.assign(Page, { begin: once });
}

function reachable(): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, PAUSE_MS);
    window.addEventListener('online', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      window.removeEventListener('online', done);
      resolve();
    }
  });
}
