import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useSession } from '../../app/session';
import { api, Refusal, type Schemas, told } from '../../contract/client';
import { useSaid } from '../../parts/Failure';
import { newId } from '../../parts/ids';
import { offerUndo } from '../../parts/Undo';
import { useWords } from '../../words/catalogue';
import type { Brief, Narrow } from './asked';
import { words } from './next-words';

export type Passed = NonNullable<Schemas['NextAsked']['why']>;
/** As much of an alert as it takes to go on from it. */
export type Current = Pick<Brief, 'id' | 'level' | 'name' | 'owner' | 'owner_name' | 'urgency' | 'paused_until'>;
export type Next = {
  busy: boolean;
  /** The red one that is not passed over without a reason. */
  asks: Current | null;
  go: () => Promise<void>;
  say: (why: Passed) => Promise<void>;
  stay: () => void;
};

const MOST_SKIPPED = 50;
const NEEDS_WHY = 422;
/** Gone past since the page was loaded, in turn; and of which red ones the reason was said. */
let passed: string[] = [];
const said = new Set<string>();

/** Take the most urgent alert that is mine or nobody's and is not the one at hand; a red one at hand wants a reason. */
export function useNext(current: Current | undefined, narrow: Narrow, onOpen: (one: Brief) => void): Next {
  const t = useWords(words);
  const problem = useSaid();
  const queries = useQueryClient();
  const me = useSession().name;
  const [busy, setBusy] = useState(false);
  const [asks, setAsks] = useState<Current | null>(null);
  const left = current !== undefined && waits(current, me) ? current : null;
  const came = async (alert: Brief | null, skip: string[]): Promise<void> => {
    if (left !== null) said.add(left.id);
    passed = alert === null ? [] : skip;
    setAsks(null);
    offerUndo({ text: alert === null ? t.none(skip.length) : t.taken(alert.name) });
    await queries.invalidateQueries({ queryKey: ['alerts'] });
    if (alert !== null) onOpen(alert);
  };
  const ask = async (why: Passed | null): Promise<void> => {
    const skip = skipping(left);
    setBusy(true);
    try {
      const { alert } = await taken(narrow, skip, why);
      await came(alert, skip);
    } catch (failure) {
      // Which of those gone past are red is the server's to know.
      if (why === null && left !== null && wantsWhy(failure)) setAsks(left);
      else offerUndo({ text: problem(failure) });
    } finally {
      setBusy(false);
    }
  };
  return {
    busy,
    asks,
    go: async () => (left?.level === 'red' && !said.has(left.id) ? setAsks(left) : ask(null)),
    say: (why) => ask(why),
    stay: () => setAsks(null),
  };
}

/** Whether it would be offered again if it were not passed over. */
function waits(one: Current, me: string): boolean {
  return one.urgency !== null && one.paused_until === null && (one.owner === null || one.owner_name === me);
}

/** What was gone past, the one at hand last. */
function skipping(left: Current | null): string[] {
  const before = passed.filter((id) => id !== left?.id);
  return (left === null ? before : [...before, left.id]).slice(-MOST_SKIPPED);
}

function wantsWhy(failure: unknown): boolean {
  return failure instanceof Refusal && failure.status === NEEDS_WHY;
}

function taken(narrow: Narrow, skip: string[], why: Passed | null): Promise<Schemas['Nothing']> {
  const params = { header: { 'Idempotency-Key': newId() } };
  return told(api.POST('/api/v1/alerts/next', { params, body: { narrow, skip, why } }));
}
