import { useEffect, useState } from 'react';
import { useStored } from '../app/store';
import { changes } from './vault';

/** What is read from this device, read again whenever anything kept on it changes; undefined until it was read. A read
 * that fails breaks the screen, which then says so: nothing is shown as if nothing were kept. */
export function useKept<T>(read: () => Promise<T>): T | undefined {
  const turn = useStored(changes);
  const [found, setFound] = useState<{ value: T }>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: read again on each turn; `read` is a new function each time
  useEffect(() => {
    let stopped = false;
    const show = (value: T): void => {
      if (!stopped) setFound({ value });
    };
    const fail = (failure: unknown): void => {
      if (stopped) return;
      setFound(() => {
        throw failure;
      });
    };
    read().then(show, fail);
    return () => {
      stopped = true;
    };
  }, [turn]);
  return found?.value;
}
