import type { Schemas } from '../contract/client';
import { forget, keep, kept, keptAll } from './vault';

export type Fact = { found: 'confirmed' | 'corrected'; value: string };
export type DraftPhoto = { id: string; data: string };

/** A follow-up as far as it is filled in; its id is made once, so that it is one visit however often it is sent. */
export type Draft = {
  id: string;
  filledAt: string;
  version: number;
  visitedOn: string;
  way: Schemas['FollowUpIn']['way'];
  present: string[];
  finding: string;
  reasonCode: string;
  facts: Record<string, Fact>;
  proposed: string[];
  nextOn: string;
  note: string;
  photos: DraftPhoto[];
};

const NAMED = 'draft/';

/** Keep a draft; the answer is when, as the page tells it. */
export function keepDraft(alert: string, draft: Draft): Promise<string> {
  return keep(NAMED + alert, draft);
}

export function draftOf(alert: string): Promise<{ at: string; value: Draft } | undefined> {
  return kept<Draft>(NAMED + alert);
}

export function dropDraft(alert: string): Promise<void> {
  return forget(NAMED + alert);
}

/** Drop the draft from which a visit was sent; another one of the same alert stays. */
export async function dropDraftOf(alert: string, visit: string | undefined): Promise<void> {
  if (visit !== undefined && (await draftOf(alert))?.value.id === visit) await dropDraft(alert);
}

/** The alerts of which a draft is kept. */
export async function drafted(): Promise<Set<string>> {
  const all = await keptAll<Draft>(NAMED);
  return new Set(all.map((one) => one.name.slice(NAMED.length)));
}
