import { store } from '../../app/store';
import { api, type Schemas, told } from '../../contract/client';
import { newId } from '../../parts/ids';
import type { Brief } from './asked';

type Done = Schemas['Done'];
type One = Schemas['One'];
/** What was left out of an act, or of taking it back: each with whose alert it is and why. */
export type LeftOut = { of: 'done' | 'undone'; lines: { id: string; who: string; zh: string; en: string }[] };

/** Named at a time by the server's claim and release. */
const MOST = 200;

/** Outlives the page: what was not taken back is still told when somebody has left the queue meanwhile. */
export const answered = store<LeftOut | null>(null);

export function versioned(all: Brief[]): { id: string; version: number }[] {
  return all.map((one) => ({ id: one.id, version: one.version }));
}

/** Return what is to be told of an answer; null when nothing was left out. */
export function leftOut(of: LeftOut['of'], done: Done, all: Brief[]): LeftOut | null {
  if (done.not_done === 0) return null;
  const named = new Map(all.map((one) => [one.id, `${one.name} ${one.household_no}`]));
  return { of, lines: done.refused.map((one) => ({ ...one, who: named.get(one.id) ?? '' })) };
}

/** Claim or release however many, two hundred at a time, each time under a key of its own. */
export async function inPortions(alerts: One[], edge: 'claim' | 'release'): Promise<Done> {
  const whole: Done = { done: 0, not_done: 0, ids: [], refused: [] };
  for (let from = 0; from < alerts.length; from += MOST) {
    const sent = { body: { alerts: alerts.slice(from, from + MOST) }, params: keyed() };
    const part = await told(
      edge === 'claim' ? api.POST('/api/v1/alerts/bulk/claim', sent) : api.POST('/api/v1/alerts/bulk/release', sent),
    );
    whole.done += part.done;
    whole.not_done += part.not_done;
    whole.ids.push(...part.ids);
    whole.refused.push(...part.refused);
  }
  return whole;
}

/** Take back what was just done to these; each that somebody changed since stays, and is named with the reason. */
export function takenBack(ids: string[]): Promise<Done> {
  return told(api.POST('/api/v1/alerts/bulk/undo', { body: { alerts: ids.map((id) => ({ id })) }, params: keyed() }));
}

function keyed(): { header: { 'Idempotency-Key': string } } {
  return { header: { 'Idempotency-Key': newId() } };
}
