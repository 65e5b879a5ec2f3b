import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ifMatch, Refusal, type Schemas, told } from '../../contract/client';
import { newId } from '../../parts/ids';
import type { Pause } from '../../parts/putting-off';
import { offerUndo } from '../../parts/Undo';
import { useWords } from '../../words/catalogue';
import { type Alert, alertKey, type Brief, type Correction, timelineKey } from './asked';
import { words } from './words';

/** What may be done to an alert from its page, with what it needs. */
export type Act =
  | { kind: 'claim' | 'release' | 'resume' }
  | { kind: 'assign'; to: string; name: string }
  | { kind: 'snooze'; pause: Pause }
  | { kind: 'suspend'; wait: Schemas['Suspended'] }
  | { kind: 'reopen' | 'annul'; why: string }
  | { kind: 'refer'; referral: Omit<Schemas['ReferralIn'], 'id'> }
  | { kind: 'dispute'; correction: Omit<Schemas['CorrectionIn'], 'id'> };

type Conflicting = { act: Act; before: Alert };
export type Acting = {
  busy: boolean;
  failure: unknown;
  conflict: Conflicting | null;
  go: (act: Act) => Promise<void>;
  again: () => Promise<void>;
  giveUp: () => void;
};

type Header = { 'If-Match': string; 'Idempotency-Key': string };

function sending(alert: string, act: Act, header: Header): Promise<unknown> {
  const params = { path: { alert_id: alert }, header };
  switch (act.kind) {
    case 'claim':
      return told(api.POST('/api/v1/alerts/{alert_id}/claim', { params }));
    case 'release':
      return told(api.POST('/api/v1/alerts/{alert_id}/release', { params }));
    case 'resume':
      return told(api.POST('/api/v1/alerts/{alert_id}/resume', { params }));
    case 'assign':
      return told(api.POST('/api/v1/alerts/{alert_id}/assign', { params, body: { to: act.to } }));
    case 'snooze':
      return told(api.POST('/api/v1/alerts/{alert_id}/snooze', { params, body: act.pause }));
    case 'suspend':
      return told(api.POST('/api/v1/alerts/{alert_id}/suspend', { params, body: act.wait }));
    case 'reopen':
    case 'annul':
      return told(api.POST('/api/v1/alerts/{alert_id}/reopening', { params, body: { edge: act.kind, why: act.why } }));
    case 'refer':
      return told(
        api.POST('/api/v1/alerts/{alert_id}/referrals', {
          params,
          body: { ...act.referral, id: header['Idempotency-Key'] },
        }),
      );
    case 'dispute':
      return told(
        api.POST('/api/v1/alerts/{alert_id}/corrections', {
          params,
          body: { ...act.correction, id: header['Idempotency-Key'] },
        }),
      );
  }
}

/** Do something to the alert as it was seen; one that changed meanwhile is shown beside what was meant, nothing lost. */
export function useActing(alert: Alert, onDone: () => void): Acting {
  const t = useWords(words);
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const [conflict, setConflict] = useState<Conflicting | null>(null);
  const refresh = async (): Promise<void> => {
    void queries.invalidateQueries({ queryKey: timelineKey(alert.household_no) });
    await queries.invalidateQueries({ queryKey: ['alerts'] });
  };
  const go = async (act: Act): Promise<void> => {
    setBusy(true);
    setFailure(null);
    try {
      const after = await sending(alert.id, act, { ...ifMatch(alert.version), 'Idempotency-Key': newId() });
      setConflict(null);
      offerUndo({ text: t[`done_${act.kind}`], takeBack: undoing(act, after) });
      await refresh();
      onDone();
    } catch (refused) {
      if (refused instanceof Refusal && refused.status === 412) {
        // Shown only beside what is there now: a second try then rests on the version that was read.
        await queries.invalidateQueries({ queryKey: alertKey(alert.id) });
        setConflict({ act, before: alert });
      } else {
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

const FOR_GOOD: Act['kind'][] = ['resume', 'refer', 'reopen', 'annul'];

/** What would take it back: a correction asked for is withdrawn, what others may have begun on is not. */
function undoing(act: Act, after: unknown): (() => Promise<unknown>) | undefined {
  if (FOR_GOOD.includes(act.kind)) return undefined;
  return act.kind === 'dispute' ? () => withdrawn(after as Correction) : () => takenBack(after as Brief);
}

function withdrawn(after: Correction): Promise<unknown> {
  const header = { ...ifMatch(after.version), 'Idempotency-Key': newId() };
  const params = { path: { referral_id: after.id }, header };
  const body = { act: 'withdraw' as const, why: 'ASKED_AMISS', receipt_no: null };
  return told(api.POST('/api/v1/referrals/{referral_id}/answers', { params, body }));
}

function takenBack(after: Brief): Promise<unknown> {
  const params = { path: { alert_id: after.id }, header: ifMatch(after.version) };
  return told(api.POST('/api/v1/alerts/{alert_id}/undo', { params }));
}
