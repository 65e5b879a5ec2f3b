import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { outbox } from '../../app/outbox';
import { useStored } from '../../app/store';
import { type DayPlan, type Mark, today } from '../../field/day';
import { drafted } from '../../field/drafts';
import { flush, giveUpPauses, queue, type Waiting, waiting } from '../../field/outbox';
import { type Pack, packNow } from '../../field/pack';
import { useKept } from '../../field/useKept';
import { keep, kept } from '../../field/vault';
import { newId } from '../../parts/ids';
import { cityToday } from '../../parts/written';

const MARKS = 'marks';
const DAY_MS = 86_400_000;

/** The city's day so many days from today. */
export function inDays(days: number): string {
  return new Date(Date.parse(`${cityToday()}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** What lies on this device of a day's visits. */
export type Held = {
  pack: Pack | undefined;
  waiting: Waiting[];
  drafts: Set<string>;
  marks: Map<string, Mark>;
};
/** Everything the list of visits is drawn from: the plan, and what lies here once it was read. Until then nobody can
 * say who was visited already. */
export type Day = { query: ReturnType<typeof useDayPlan>; held: Held | undefined };

async function held(): Promise<Held> {
  const [pack, all, drafts, marks] = await Promise.all([
    packNow(),
    waiting(),
    drafted(),
    kept<[string, Mark][]>(MARKS),
  ]);
  return { pack, waiting: all, drafts, marks: new Map(marks?.value ?? []) };
}

function useDayPlan() {
  return useQuery<DayPlan>({ queryKey: ['day'], queryFn: today, networkMode: 'always', retry: false });
}

export function useDay(): Day {
  const query = useDayPlan();
  const { syncedAt } = useStored(outbox);
  const { refetch } = query;
  useEffect(() => {
    if (syncedAt !== null) void refetch();
  }, [syncedAt, refetch]);
  return { query, held: useKept(held) };
}

/** Mark a household as agreed or for later: on this device at once, on the server when there is a network. */
export async function mark(alert: { id: string; version: number }, title: string, said: Mark): Promise<void> {
  const before = new Map((await kept<[string, Mark][]>(MARKS))?.value ?? []);
  before.set(alert.id, said);
  await keep(MARKS, [...before]);
  const pause = {
    until: said.until,
    why: said.why === 'APPOINTED' ? 'APPOINTED' : 'AWAY',
    wakes_on_worse: true,
  } as const;
  const at = new Date().toISOString();
  await giveUpPauses(alert.id);
  await queue({ id: newId(), alert: alert.id, title, version: alert.version, at, photos: [], pause });
  await flush();
}

/** Bring a household back: a pause that was not sent yet is given up, one that the server has is ended there. */
export async function unmark(alert: { id: string; version: number }, title: string): Promise<void> {
  const before = new Map((await kept<[string, Mark][]>(MARKS))?.value ?? []);
  if (await giveUpPauses(alert.id)) {
    before.delete(alert.id);
    await keep(MARKS, [...before]);
    return;
  }
  before.set(alert.id, { until: inDays(1), why: 'RESUMED' });
  await keep(MARKS, [...before]);
  const at = new Date().toISOString();
  await queue({ id: newId(), alert: alert.id, title, version: alert.version, at, photos: [], resume: true });
  await flush();
}
