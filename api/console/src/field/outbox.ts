import { outbox } from '../app/outbox';
import { store } from '../app/store';
import { api, ifMatch, type Problem, Refusal, type Schemas, told, Unreachable } from '../contract/client';
import { demanded } from '../contract/demand';
import { type DraftPhoto, drafted } from './drafts';
import { noteVersion } from './pack';
import { fromText } from './photo';
import { exclusively, forget, keep, kept, keptAll } from './vault';

type Visit = Omit<Schemas['FollowUpIn'], 'device'> & { filled_at: string };
export type Pause = Schemas['PutOff'];
/** Why something did not go through, in the server's words, and the version the alert has come to. */
export type Why = { kind: string; status: number; problem: Problem; version: number | null };

/** One thing to be sent; it stays until the server has it or the worker has given it up in so many words. */
export type Waiting = {
  id: string;
  alert: string;
  title: string;
  version: number;
  at: string;
  visit?: Visit;
  photos: DraftPhoto[];
  pause?: Pause;
  /** Bring it back from a pause that the server has. */
  resume?: boolean;
  /** The visit is on record; only its photos are still to go. */
  recorded?: boolean;
  why?: Why;
};

const NAMED = 'outbox/';
const VERSIONS = 'versions';
export const sending = store(false);
/** The cases that visits sent from this page belong to, by visit. */
const cases = new Map<string, string>();
const SYNCED = 'synced';

function nameOf(one: Waiting): string {
  return `${NAMED}${one.at}-${one.id}`;
}

/** Put something into the outbox, and return it as it lies there; it is safe on this device when the promise is kept. */
export async function queue(one: Waiting): Promise<Waiting> {
  // What is shown may not have heard yet how far the last that was sent has brought the alert.
  const queued = await exclusively(VERSIONS, async () => {
    const reached = (await versions())[one.alert] ?? 0;
    const now = { ...one, version: Math.max(one.version, reached) };
    await keep(nameOf(now), now);
    return now;
  });
  await count();
  return queued;
}

/** How far this device itself has brought each alert by what it sent. */
async function versions(): Promise<Record<string, number>> {
  return (await kept<Record<string, number>>(VERSIONS))?.value ?? {};
}

export async function waiting(): Promise<Waiting[]> {
  return (await keptAll<Waiting>(NAMED)).map((one) => one.value);
}

/** The case that a visit belongs to, once the server has said so on this page. */
export function caseOf(visit: string): string | undefined {
  return cases.get(visit);
}

/** Bring the badge and the bar to what waits. */
export async function count(): Promise<void> {
  const all = await waiting();
  const refused = all.filter((one) => one.why !== undefined).length;
  const syncedAt = (await kept<string>(SYNCED))?.value ?? null;
  outbox.set({ waiting: all.length, refused, drafts: (await drafted()).size, syncedAt });
}

/** Send what waits, in the order it was written; what is refused stays with its reason. */
export function flush(): Promise<void> {
  return exclusively('outbox', async () => {
    sending.set(true);
    try {
      for (const one of (await waiting()).filter((each) => each.why === undefined)) {
        // An earlier one may have raised the version of the same alert.
        const now = (await kept<Waiting>(nameOf(one)))?.value;
        if (now !== undefined && !(await sent(now))) break;
      }
    } finally {
      sending.set(false);
      await count();
    }
  });
}

/** Return false when the network or the server is away: the rest waits with it. */
async function sent(one: Waiting): Promise<boolean> {
  try {
    await sendOne(one);
    await forget(nameOf(one));
    await keep(SYNCED, new Date().toISOString());
    return true;
  } catch (failure) {
    if (failure instanceof Unreachable) return false;
    if (!(failure instanceof Refusal)) throw failure;
    if (failure.status === 401 || failure.status === 429 || failure.status >= 500) return false;
    const now = (await kept<Waiting>(nameOf(one)))?.value ?? one;
    await keep(nameOf(one), { ...now, why: whyOf(failure) });
    return true;
  }
}

function whyOf(failure: Refusal): Why {
  const seen = /"([0-9]+)"/.exec(failure.version ?? '');
  const gone = failure.problem.faults?.some((one) => one.where === 'body.finding') === true;
  return {
    kind: gone ? 'code-gone' : failure.kind,
    status: failure.status,
    problem: failure.problem,
    version: seen === null ? null : Number(seen[1]),
  };
}

function bodyOf(visit: Visit): Schemas['FollowUpIn'] {
  const { filled_at, ...said } = visit;
  return { ...said, device: { filled_at, sent_at: new Date().toISOString() } };
}

async function sendVisit(one: Waiting): Promise<void> {
  if (one.visit !== undefined && one.recorded !== true) {
    const params = { path: { alert_id: one.alert }, header: ifMatch(one.version) };
    const said = await told(api.POST('/api/v1/alerts/{alert_id}/follow-ups', { params, body: bodyOf(one.visit) }));
    if (said.case_id !== null) cases.set(one.id, said.case_id);
    await keep(nameOf(one), { ...one, recorded: true });
    await raised(one.alert, one.version + 1, true);
  }
  await sendPhotos(one);
}

async function sendPhotos(one: Waiting): Promise<void> {
  if (one.visit === undefined) return;
  const query = (id: string) => ({ id, follow_up: one.visit?.id ?? '' });
  for (const photo of one.photos) {
    await told(
      api.POST('/api/v1/photos', {
        params: { query: query(photo.id) },
        body: '' as never,
        bodySerializer: () => fromText(photo.data),
        headers: { 'Content-Type': 'application/octet-stream' },
      }),
    );
  }
}

function sendOne(one: Waiting): Promise<void> {
  if (one.resume === true) return sendResume(one);
  return one.pause === undefined ? sendVisit(one) : sendPause(one, one.pause);
}

async function sendResume(one: Waiting): Promise<void> {
  const params = { path: { alert_id: one.alert }, header: ifMatch(one.version) };
  const said = await told(api.POST('/api/v1/alerts/{alert_id}/resume', { params }));
  await raised(one.alert, said.version, false);
}

async function sendPause(one: Waiting, pause: Pause): Promise<void> {
  const params = { path: { alert_id: one.alert }, header: ifMatch(one.version) };
  const said = await told(api.POST('/api/v1/alerts/{alert_id}/snooze', { params, body: pause }));
  await raised(one.alert, said.version, false);
}

/** What else of the same alert waits was written on what we have just changed ourselves: it rests on the new version. */
async function raised(alert: string, version: number, visited: boolean): Promise<void> {
  await noteVersion(alert, version, visited);
  await exclusively(VERSIONS, async () => {
    await keep(VERSIONS, { ...(await versions()), [alert]: version });
    for (const other of await waiting()) {
      if (other.alert === alert && other.why === undefined && other.recorded !== true && other.version < version) {
        await keep(nameOf(other), { ...other, version });
      }
    }
  });
}

/** Send a refused visit again as it is, on the version that the alert has now. */
export async function sendAnyway(one: Waiting, version: number): Promise<void> {
  const { why: _, ...rest } = one;
  await keep(nameOf(one), { ...rest, version });
  await flush();
}

/** Keep a refused visit on the household's timeline for the record; its photos go with it. */
export async function keepAsSupplement(one: Waiting): Promise<void> {
  if (one.visit === undefined) return;
  const reason = one.why?.kind === 'ended' ? 'ended' : one.why?.kind === 'code-gone' ? 'code_gone' : 'changed';
  if (one.recorded !== true) {
    const params = { path: { alert_id: one.alert } };
    const body = { ...bodyOf(one.visit), why: reason } as const;
    await told(api.POST('/api/v1/alerts/{alert_id}/supplements', { params, body }));
    await keep(nameOf(one), { ...one, recorded: true });
  }
  await sendPhotos(one);
  await forget(nameOf(one));
  await count();
}

/** Give up the pauses and returns of an alert that were not sent yet; whether there was any. */
export function giveUpPauses(alert: string): Promise<boolean> {
  // Not while one of them is being sent.
  return exclusively('outbox', async () => {
    const found = (await waiting()).filter((one) => one.alert === alert && one.visit === undefined);
    for (const one of found) await giveUp(one);
    return found.some((one) => one.pause !== undefined);
  });
}

/** Give something up, as the worker has said: the one way by which it is lost. */
export async function giveUp(one: Waiting): Promise<void> {
  await forget(nameOf(one));
  await count();
}

/** Whether somebody must sign in before anything can be sent. */
export function heldBySignIn(): boolean {
  return demanded.get() !== null;
}
