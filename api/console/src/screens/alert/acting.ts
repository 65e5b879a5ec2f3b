import { api, ifMatch, type Schemas, told } from '../../contract/client';
import { type Acting, type Conditions, useActing } from '../../parts/acting';
import { newId } from '../../parts/ids';
import type { Pause } from '../../parts/putting-off';
import { useWords } from '../../words/catalogue';
import { type Alert, alertKey, type Brief, type Correction, timelineKey } from './asked';
import { words as stepWords } from './step-words';
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

export type AlertActing = Acting<Alert, Act>;

function sending(alert: string, act: Act, header: Conditions): Promise<unknown> {
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

/** Do something to the alert as it was seen. */
export function useAlertActing(alert: Alert, onDone: () => void): AlertActing {
  const t = useWords(words);
  const meant = useMeant();
  const acting = useActing(alert, {
    itself: alertKey(alert.id),
    touched: [['alerts'], timelineKey(alert.household_no)],
  });
  return {
    ...acting,
    go: (act) =>
      acting.go({
        meant: meant(act),
        done: t[`done_${act.kind}`],
        said: act,
        send: (header) => sending(alert.id, act, header),
        after: onDone,
        takeBack: (after) => undoing(act, after),
      }),
  };
}

/** What somebody was about to do, in a few words. */
function useMeant(): (act: Act) => string {
  const t = useWords(words);
  const steps = useWords(stepWords);
  return (act) => {
    if (act.kind === 'snooze') return `${t.snooze} ${act.pause.until}`;
    if (act.kind === 'suspend') return `${steps.suspend} ${act.wait.until}`;
    if (act.kind === 'assign') return `${t.assign} ${act.name}`;
    return act.kind === 'reopen' || act.kind === 'annul' ? steps[act.kind] : t[act.kind];
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
