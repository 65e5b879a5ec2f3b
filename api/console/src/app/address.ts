import { useMemo } from 'react';
import { useSearchParams } from 'react-router';

export type Address = {
  /** What stood in the address when this was drawn. */
  params: URLSearchParams;
  /** Change what the address says; the entry before it stays behind it only when asked for. */
  amend: (how: (said: URLSearchParams) => void, behind?: 'kept') => void;
  /** Set one of its words, or take it out with an empty value. */
  set: (name: string, value: string) => void;
};

/**
 * What a list is narrowed to and what is open beside it, as the address says. A change starts from what the address
 * says by now: drawing it comes later, and of two that follow each other neither may be lost.
 */
export function useAddress(): Address {
  const [params, setParams] = useSearchParams();
  return useMemo(() => {
    const amend: Address['amend'] = (how, behind) => {
      const said = new URLSearchParams(window.location.search);
      how(said);
      setParams(said, { replace: behind !== 'kept' });
    };
    const set: Address['set'] = (name, value) =>
      amend((said) => (value === '' ? said.delete(name) : said.set(name, value)));
    return { params, amend, set };
  }, [params, setParams]);
}
