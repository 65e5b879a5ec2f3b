import { useAddress } from '../app/address';

export type Filtering<Name extends string> = {
  /** What stands in the address under each name: never empty. */
  said: Partial<Record<Name, string>>;
  /** Narrow to a value; an empty one narrows no more. */
  set: (name: Name, value: string) => void;
  clear: () => void;
};

/** Filters that stand in the address, where a link to a list brings them along and going back finds them. */
export function useFiltering<Name extends string>(names: readonly Name[]): Filtering<Name> {
  const { params, amend, set } = useAddress();
  const said: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const value = params.get(name);
    if (value) said[name] = value;
  }
  const clear = (): void =>
    amend((now) => {
      for (const name of names) now.delete(name);
    });
  return { said, set, clear };
}
