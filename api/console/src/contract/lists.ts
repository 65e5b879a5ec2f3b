import type { components } from './schema';

export type Narrow = components['schemas']['Narrow'];

const TEXTS = ['region', 'level', 'rule', 'factor', 'status', 'direction', 'owner', 'group'] as const;
const TRUTHS = ['cleared', 'recurring'] as const;
/** So many lines at first: some screens full; the others come by hundreds. */
export const FIRST = 50;
export const MORE = 100;
/** The most at once: a day's visits come whole. */
const ALL = 200;

/** What the address says the queue is narrowed to; a name is never in it. */
export function narrowOf(params: URLSearchParams): Narrow {
  const said: Record<string, string | boolean> = {};
  for (const name of TEXTS) {
    const value = params.get(name);
    if (value) said[name] = value;
  }
  for (const name of TRUTHS) {
    const value = params.get(name);
    if (value) said[name] = value === 'true';
  }
  return said as Narrow;
}

export type DayQuery = { owner: 'me'; limit: number; status?: 'snoozed' };

/** The two lists that a day's visits are made of: what is in my hands, and what of it was put off. */
export function dayOf(): [DayQuery, DayQuery] {
  const mine = { owner: 'me', limit: ALL } as const;
  return [mine, { ...mine, status: 'snoozed' }];
}
