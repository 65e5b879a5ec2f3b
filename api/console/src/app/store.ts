import { useSyncExternalStore } from 'react';

/** One value that code outside of React may change and components follow. */
export type Store<T> = {
  get: () => T;
  set: (value: T) => void;
  follow: (told: () => void) => () => void;
};

export function store<T>(first: T): Store<T> {
  let value = first;
  const followers = new Set<() => void>();
  return {
    get: () => value,
    set: (next) => {
      value = next;
      for (const told of followers) told();
    },
    follow: (told) => {
      followers.add(told);
      return () => followers.delete(told);
    },
  };
}

export function useStored<T>(one: Store<T>): T {
  return useSyncExternalStore(one.follow, one.get);
}
