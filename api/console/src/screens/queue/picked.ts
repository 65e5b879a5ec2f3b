import { useMemo, useState } from 'react';
import type { Brief } from './asked';

export type Picked = {
  ids: ReadonlySet<string>;
  all: Brief[];
  toggle: (index: number, range: boolean) => void;
  clear: () => void;
};

/** The alerts that are ticked; a range goes from the one ticked last. */
export function usePicked(items: Brief[]): Picked {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const [last, setLast] = useState(0);
  const all = useMemo(() => items.filter((one) => ids.has(one.id)), [items, ids]);
  const toggle = (index: number, range: boolean): void => {
    const here = items[index];
    if (here === undefined) return;
    const next = new Set(ids);
    const on = range || !next.has(here.id);
    const reached = range ? items.slice(Math.min(last, index), Math.max(last, index) + 1) : [here];
    for (const one of reached) {
      if (on) next.add(one.id);
      else next.delete(one.id);
    }
    setIds(next);
    setLast(index);
  };
  return { ids, all, toggle, clear: () => setIds(new Set()) };
}
