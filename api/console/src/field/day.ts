import { api, type Schemas, told, Unreachable } from '../contract/client';
import { waiting } from './outbox';
import { packNow } from './pack';
import { kept } from './vault';

export type Stop = Schemas['AlertBrief'];
/** What there is to visit, and whether it comes from the pack on this device. */
export type DayPlan = { stops: Stop[]; packed: boolean };

const MOST = 50;

/** What is in my hands, from the server where it can be reached, else from the pack, by village. */
export async function today(): Promise<DayPlan> {
  try {
    const said = await told(api.GET('/api/v1/alerts', { params: { query: { owner: 'me', limit: MOST } } }));
    const asleep = await told(
      api.GET('/api/v1/alerts', { params: { query: { owner: 'me', limit: MOST, status: 'snoozed' } } }),
    );
    return { stops: byVillage([...said.items, ...asleep.items]), packed: false };
  } catch (failure) {
    const pack = failure instanceof Unreachable ? await packNow() : undefined;
    if (pack === undefined) throw failure;
    return { stops: byVillage(pack.sheets.map((one) => one.alert)), packed: true };
  }
}

function byVillage(stops: Stop[]): Stop[] {
  return [...stops].sort((a, b) => {
    const place = a.region_name.localeCompare(b.region_name, 'zh-CN');
    return place !== 0 ? place : (a.due_on ?? '9').localeCompare(b.due_on ?? '9');
  });
}

export type Section = 'todo' | 'agreed' | 'later' | 'done';
/** A mark that was set here and has not reached the server yet. */
export type Mark = { until: string; why: string };

/** In which part of the day's list something stands: by the server's state, and by what waits on this device. */
export function sectionOf(stop: Stop, marked: Map<string, Mark>, recorded: Set<string>): Section {
  if (recorded.has(stop.id) || ['visited', 'referred', 'town_review', 'county_review'].includes(stop.status)) {
    return 'done';
  }
  const mark = marked.get(stop.id);
  if (mark !== undefined) return mark.why === 'APPOINTED' ? 'agreed' : 'later';
  return stop.paused_until === null ? 'todo' : 'later';
}

/** The next household that waits, after one; undefined when all are done. */
export async function nextToVisit(after: string): Promise<string | undefined> {
  const { stops } = await today();
  const recorded = new Set((await waiting()).filter((one) => one.visit !== undefined).map((one) => one.alert));
  const marked = (await kept<[string, Mark][]>('marks'))?.value ?? [];
  const open = stops.filter((one) => sectionOf(one, new Map(marked), recorded) === 'todo' && one.id !== after);
  const at = stops.findIndex((one) => one.id === after);
  return (open.find((one) => stops.indexOf(one) > at) ?? open[0])?.id;
}
