import { api, type Schemas, told, Unreachable } from '../contract/client';
import { type DayQuery, dayOf } from '../contract/lists';
import { cityToday } from '../parts/written';
import { waiting } from './outbox';
import { packNow } from './pack';
import { kept } from './vault';

export type Stop = Schemas['AlertBrief'];
/** What there is to visit, and whether it comes from the pack on this device. */
export type DayPlan = { stops: Stop[]; packed: boolean };

/** What is in my hands, from the server where it can be reached, else from the pack, by village. */
export async function today(): Promise<DayPlan> {
  try {
    const [open, later] = await Promise.all(dayOf().map(mine));
    return { stops: byVillage([...(open ?? []), ...(later ?? [])]), packed: false };
  } catch (failure) {
    const pack = failure instanceof Unreachable ? await packNow() : undefined;
    if (pack === undefined) throw failure;
    return { stops: byVillage(pack.sheets.map((one) => one.alert)), packed: true };
  }
}

/** All of it, page by page. */
async function mine(narrowed: DayQuery): Promise<Stop[]> {
  const found: Stop[] = [];
  let after: string | undefined;
  do {
    const query = after === undefined ? narrowed : { ...narrowed, after };
    const said = await told(api.GET('/api/v1/alerts', { params: { query } }));
    found.push(...said.items);
    after = said.next ?? undefined;
  } while (after !== undefined);
  return found;
}

function byVillage(stops: Stop[]): Stop[] {
  return [...stops].sort((a, b) => {
    const place = a.region_name.localeCompare(b.region_name, 'zh-CN');
    return place !== 0 ? place : (a.due_on ?? '9').localeCompare(b.due_on ?? '9');
  });
}

export type Section = 'todo' | 'agreed' | 'later' | 'done';
/** A mark that was set here; it holds until the city's day ``until``. RESUMED: it was brought back here. */
export type Mark = { until: string; why: string };

const MARKED: Record<string, Section> = { APPOINTED: 'agreed', RESUMED: 'todo' };

/** In which part of the day's list something stands: by the server's state, and by what waits on this device. */
export function sectionOf(stop: Stop, marked: Map<string, Mark>, recorded: Set<string>): Section {
  if (recorded.has(stop.id) || ['visited', 'referred', 'town_review', 'county_review'].includes(stop.status)) {
    return 'done';
  }
  const mark = marked.get(stop.id);
  if (mark !== undefined && mark.until > cityToday()) return MARKED[mark.why] ?? 'later';
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
