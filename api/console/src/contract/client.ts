import createClient, { type Middleware } from 'openapi-fetch';
import { send } from '../early';
import { demand, type Kind } from './demand';
import { leftBefore } from './leaving';
import { Refusal, Unreachable } from './refusal';
import type { components, paths } from './schema';

export type Schemas = components['schemas'];
export { type Problem, Refusal, Unreachable } from './refusal';

type Answer<T> = { data?: T; error?: unknown; response: Response };
/** Where the answer to "who are you" is itself 401, there is nothing to wait for. */
const ASKED_THERE = ['/api/v1/session', '/api/v1/session/proof'];
const OWN = 'X-Lowincome';
const sent = new WeakMap<Request, Request>();

/** Without a session the server answers 401; a session whose proof is old is forbidden until it is shown anew. */
async function asksFor(response: Response): Promise<Kind | null> {
  if (response.status === 401) return 'sign-in';
  if (response.status !== 403) return null;
  const said = (await response.clone().json()) as { type?: string };
  return said.type?.endsWith('proof-needed') === true ? 'proof' : null;
}

/** Every request says that it comes from our own page; one refused for want of a session or a proof waits, then goes again. */
const manners: Middleware = {
  async onRequest({ request }) {
    await leftBefore({ [OWN]: 'left' });
    if (!request.headers.has(OWN)) request.headers.set(OWN, 'console');
    sent.set(request, request.clone());
    return request;
  },
  async onResponse({ request, response, schemaPath }) {
    const wanted = ASKED_THERE.includes(schemaPath) ? null : await asksFor(response);
    if (wanted === null) return undefined;
    const again = sent.get(request);
    return (await demand(wanted)) && again ? fetch(again) : undefined;
  },
};

export const api = createClient<paths>({ baseUrl: location.origin, credentials: 'same-origin', fetch: send });
api.use(manners);

async function reached<T>(asked: Promise<Answer<T>>): Promise<Answer<T>> {
  let answer: Answer<T>;
  try {
    answer = await asked;
  } catch (failure) {
    throw failure instanceof TypeError ? new Unreachable(failure.message) : failure;
  }
  if (!answer.response.ok) throw new Refusal(answer.response, answer.error);
  return answer;
}

/** Sent with what a page asks by a clock: it keeps no session awake, so that a desk left alone is signed out. */
export const BY_ITSELF = { [OWN]: 'background' };

/** Return what the server said, or throw a Refusal or Unreachable. */
export async function told<T>(asked: Promise<Answer<T>>): Promise<T> {
  return (await reached(asked)).data as T;
}

/** Return what the server said with its ETag, which a change must send back as If-Match. */
export async function toldWithVersion<T>(asked: Promise<Answer<T>>): Promise<{ said: T; version: string }> {
  const answer = await reached(asked);
  return { said: answer.data as T, version: answer.response.headers.get('ETag') ?? '' };
}

/** The header by which a change says on which version it rests. */
export function ifMatch(version: number | string): { 'If-Match': string } {
  return { 'If-Match': typeof version === 'number' ? `"${version}"` : version };
}
