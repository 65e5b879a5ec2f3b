import { type QueryKey, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { ifMatch, Refusal } from '../contract/client';
import { newId } from './ids';
import { offerUndo } from './Undo';

export type Conditions = { 'If-Match': string; 'Idempotency-Key': string };
/** A step: what is meant in words, what is told once it is done, what it says, how it is sent, what follows its being done. */
export type Step = {
  meant: string;
  done: string;
  said: unknown;
  send: (header: Conditions) => Promise<unknown>;
  after?: () => void;
  /** What would take it back, of what was answered. */
  takeBack?: (answered: unknown) => (() => Promise<unknown>) | undefined;
};
export type Acting<Seen, Asked = Step> = {
  busy: boolean;
  failure: unknown;
  conflict: { meant: string; before: Seen } | null;
  go: (step: Asked) => Promise<void>;
  again: () => Promise<void>;
  giveUp: () => void;
};
/** Where it is read from, and everything that a step on it may change. */
type Reads = { itself: QueryKey; touched: QueryKey[] };
const STALE = 412;

/** Do something to what was seen; if it changed meanwhile it is shown beside what was meant, nothing lost. */
export function useActing<Seen extends { version: number }>(seen: Seen, { itself, touched }: Reads): Acting<Seen> {
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const [conflict, setConflict] = useState<{ step: Step; meant: string; before: Seen } | null>(null);
  const key = useKey();
  const go = async (step: Step): Promise<void> => {
    setBusy(true);
    setFailure(null);
    try {
      const answered = await step.send({ ...ifMatch(seen.version), 'Idempotency-Key': key.of(step) });
      key.spend();
      setConflict(null);
      offerUndo({ text: step.done, takeBack: step.takeBack?.(answered) });
      // Before all is read again: a form that is opened meanwhile is not closed by the step before it.
      step.after?.();
      await Promise.all(touched.map((queryKey) => queries.invalidateQueries({ queryKey })));
    } catch (refused) {
      if (refused instanceof Refusal && refused.status === STALE) {
        // Shown only beside what is there now: a second try then rests on the version that was read.
        await queries.invalidateQueries({ queryKey: itself });
        setConflict({ step, meant: step.meant, before: seen });
      } else {
        setConflict(null);
        setFailure(refused);
      }
    } finally {
      setBusy(false);
    }
  };
  return {
    busy,
    failure,
    conflict,
    go,
    again: () => (conflict === null ? Promise.resolve() : go(conflict.step)),
    giveUp: () => setConflict(null),
  };
}

/** A step said again because no answer came has the same key: it is done once. Once answered, it is another step. */
function useKey(): { of: (step: Step) => string; spend: () => void } {
  const last = useRef({ said: '', key: '' });
  return {
    of: (step) => {
      const said = JSON.stringify([step.meant, step.said]);
      if (last.current.said !== said) last.current = { said, key: newId() };
      return last.current.key;
    },
    spend: () => {
      last.current = { said: '', key: '' };
    },
  };
}
