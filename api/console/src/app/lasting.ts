import type { ComponentType, LazyExoticComponent } from 'react';
import { lazy } from 'react';

const PAUSE_MS = 3000;
type Loaded = { default: ComponentType };

/** A part of the page that is fetched when it is needed, again and again until the network brings it. */
export function lasting(load: () => Promise<Loaded>): LazyExoticComponent<ComponentType> {
  const attempt = (): Promise<Loaded> => load().catch(() => reachable().then(attempt));
  return lazy(attempt);
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
