import createClient, { type Middleware } from 'openapi-fetch';
import { demand } from './demand';
import { Refusal, Unreachable } from './refusal';
import type { components, paths } from './schema';

export type Schemas = components['schemas'];
export { type Problem, Refusal, Unreachable } from './refusal';

type Answer<T> = { data?: T; error?: unknown; response: Response };
const SESSION = '/api/v1/session';
const sent = new WeakMap<Request, Request>();

/** Every request says that it comes from our own page; one refused for want of a session or a proof waits, then goes again. */
const manners: Middleware = {
  onRequest({ request }) {
    request.headers.set('X-Lowincome', 'console');
    sent.set(request, request.clone());
    return request;
  },
  async onResponse({ request, response, schemaPath }) {
    if (response.status !== 401 || schemaPath.startsWith(SESSION)) return undefined;
    const said = (await response.clone().json()) as { type?: string };
    const again = sent.get(request);
    const well = await demand(said.type?.endsWith('proof-needed') ? 'proof' : 'sign-in');
    return well && again ? fetch(again) : undefined;
  },
};

export const api = createClient<paths>({ baseUrl: location.origin, credentials: 'same-origin' });
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
