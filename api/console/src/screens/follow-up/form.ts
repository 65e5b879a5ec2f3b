import type { Schemas } from '../../contract/client';
import type { Draft } from '../../field/drafts';
import type { Waiting } from '../../field/outbox';
import type { Catalogue, Pack, Sheet } from '../../field/pack';
import { newId } from '../../parts/ids';
import { cityToday } from '../../parts/written';

export const MOST_NOTE = 500;
/** The server's list of today; a draft may hold an older word, which it then refuses in words of its own. */
type Finding = Schemas['FollowUpIn']['finding'];
const DAY_MS = 86_400_000;

/** Return the form as it begins: today, at the door, nothing found yet. */
export function blank(sheet: Sheet): Draft {
  return {
    id: newId(),
    filledAt: new Date().toISOString(),
    version: sheet.alert.version,
    visitedOn: cityToday(),
    way: 'home',
    present: [],
    finding: '',
    reasonCode: '',
    facts: {},
    proposed: [],
    nextOn: '',
    note: '',
    photos: [],
  };
}

export function daysAgo(days: number): string {
  const at = new Date(`${cityToday()}T00:00:00Z`).getTime() - days * DAY_MS;
  return new Date(at).toISOString().slice(0, 10);
}

export type Lack = 'finding' | 'why' | 'next' | 'when';

/** What is still to be filled in, by the catalogue's own rules. */
export function lacking(draft: Draft, catalogue: Catalogue): Lack[] {
  const finding = catalogue.findings.find((one) => one.code === draft.finding);
  const found: Lack[] = [];
  if (draft.visitedOn === '' || draft.visitedOn > cityToday()) found.push('when');
  if (finding === undefined) found.push('finding');
  if (finding?.required === true && draft.reasonCode === '') found.push('why');
  if (draft.finding === 'watch' && draft.nextOn === '') found.push('next');
  return found;
}

/** Return the form as it is sent: what waits in the outbox. */
export function sendable(draft: Draft, sheet: Sheet, catalogue: Catalogue, pack: Pack | undefined): Waiting {
  const facts = Object.entries(draft.facts).map(([about, said]) => ({
    about,
    found: said.found,
    value: said.value === '' ? null : said.value,
  }));
  return {
    id: draft.id,
    alert: sheet.alert.id,
    title: `${sheet.alert.name} · ${sheet.alert.region_name}`,
    version: draft.version,
    at: new Date().toISOString(),
    photos: draft.photos,
    visit: {
      id: draft.id,
      filled_at: draft.filledAt,
      visited_on: draft.visitedOn,
      way: draft.way,
      finding: draft.finding as Finding,
      reason_code: draft.reasonCode === '' ? null : draft.reasonCode,
      next_on: draft.nextOn === '' ? null : draft.nextOn,
      note: draft.note === '' ? null : draft.note,
      present: draft.present,
      facts,
      proposed: draft.proposed,
      catalogue: catalogue.version,
      pack: pack?.id ?? null,
    },
  };
}

/** Return the form of a visit that waits in the outbox, to be mended. */
export function draftFrom(one: Waiting): Draft | undefined {
  const { visit } = one;
  if (visit === undefined) return undefined;
  const facts = (visit.facts ?? []).map(
    (each) => [each.about, { found: each.found, value: each.value ?? '' }] as const,
  );
  return {
    id: visit.id,
    filledAt: visit.filled_at,
    version: one.version,
    visitedOn: visit.visited_on,
    way: visit.way,
    present: visit.present ?? [],
    finding: visit.finding,
    reasonCode: visit.reason_code ?? '',
    facts: Object.fromEntries(facts),
    proposed: visit.proposed ?? [],
    nextOn: visit.next_on ?? '',
    note: visit.note ?? '',
    photos: one.photos,
  };
}
