import { useEffect, useState } from 'react';
import { useStored } from '../app/store';
import { changes } from './vault';

/** What is read from this device, read again whenever anything kept on it changes; undefined until it was read. */
export function useKept<T>(read: () => Promise<T>): T | undefined {
  const turn = useStored(changes);
  const [found, setFound] = useState<{ value: T }>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: read again on each turn; `read` is a new function each time
  useEffect(() => {
    let stopped = false;
    void read().then((value) => {
      if (!stopped) setFound({ value });
    });
    return () => {
      stopped = true;
    };
  }, [turn]);
  return found?.value;
}
