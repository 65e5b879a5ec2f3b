import { useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { ifMatch, Refusal } from '../../contract/client';
import { newId } from '../../parts/ids';
import { offerUndo } from '../../parts/Undo';
import { type Case, caseKey } from './asked';

export type Conditions = { 'If-Match': string; 'Idempotency-Key': string };
/** A step: what is meant in words, what is told once it is done, what it says, how it is sent, what follows. */
export type Act = {
  meant: string;
  done: string;
  said: unknown;
  send: (header: Conditions) => Promise<unknown>;
  after?: () => void;
};
export type Acting = {
  busy: boolean;
  failure: unknown;
  conflict: { act: Act; before: Case } | null;
  go: (act: Act) => Promise<void>;
  again: () => Promise<void>;
  giveUp: () => void;
};
const STALE = 412;

/** Do something to the case as it was seen; one that changed meanwhile is shown beside what was meant, nothing lost. */
export function useActing(one: Case): Acting {
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const [conflict, setConflict] = useState<Acting['conflict']>(null);
  const key = useKey();
  const go = async (act: Act): Promise<void> => {
    setBusy(true);
    setFailure(null);
    try {
      await act.send({ ...ifMatch(one.version), 'Idempotency-Key': key.of(act) });
      key.spend();
      setConflict(null);
      offerUndo({ text: act.done });
      await queries.invalidateQueries();
      act.after?.();
    } catch (refused) {
      if (refused instanceof Refusal && refused.status === STALE) {
        // Shown only beside what is there now: a second try then rests on the version that was read.
        await queries.invalidateQueries({ queryKey: caseKey(one.id) });
        setConflict({ act, before: one });
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
    again: () => (conflict === null ? Promise.resolve() : go(conflict.act)),
    giveUp: () => setConflict(null),
  };
}

/** A step said again because no answer came has the same key: it is done once. Once answered, it is another step. */
function useKey(): { of: (act: Act) => string; spend: () => void } {
  const last = useRef({ said: '', key: '' });
  return {
    of: (act) => {
      const said = JSON.stringify([act.meant, act.said]);
      if (last.current.said !== said) last.current = { said, key: newId() };
      return last.current.key;
    },
    spend: () => {
      last.current = { said: '', key: '' };
    },
  };
}
