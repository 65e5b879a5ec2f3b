import paths from '../paths.json';
import { owed } from './contract/leaving';
import { dayOf, FIRST, narrowOf } from './contract/lists';

/**
 * The first script of the page. What the page will ask for is asked at once, while the rest of its scripts is still
 * being read; nobody waits for it, and what nobody takes is forgotten.
 */
const asked = new Map<string, Promise<Response>>();
const GOOD_MS = 30_000;
const OWN = { 'X-Lowincome': 'console' };
const NOBODY_YET: string[] = [paths.signIn, paths.welcome];

function ask(path: string, query: Record<string, unknown> = {}): void {
  const wanted = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
  const address = Object.keys(query).length === 0 ? path : `${path}?${wanted}`;
  const answer = fetch(address, { headers: OWN, credentials: 'same-origin' }).then(whole);
  answer.catch(() => undefined); // whoever takes it is told
  asked.set(keyOf(address), answer);
}

/** Read to its end at once: an answer that nobody takes would else keep its connection. */
async function whole(answer: Response): Promise<Response> {
  const { status, statusText, headers } = answer;
  return new Response(await answer.blob(), { status, statusText, headers });
}

function keyOf(address: string): string {
  const { pathname, searchParams } = new URL(address, location.origin);
  searchParams.sort();
  return `${pathname}?${searchParams}`;
}

/** The parts of the screen that the address leads to, as the build has noted them in the page. */
function fetchParts(): void {
  const noted = document.querySelector<HTMLMetaElement>('meta[name="parts"]')?.content;
  if (noted === undefined) return;
  for (const file of (JSON.parse(noted) as Record<string, string[]>)[location.pathname] ?? []) {
    const link = document.createElement('link');
    link.rel = 'modulepreload';
    link.href = file;
    link.crossOrigin = '';
    document.head.append(link);
  }
}

function begin(): void {
  if (NOBODY_YET.includes(location.pathname) || owed()) return;
  fetchParts();
  ask('/api/v1/session');
  if (location.pathname === paths.queue) {
    ask('/api/v1/alerts', { ...narrowOf(new URLSearchParams(location.search)), limit: FIRST });
  }
  if (location.pathname === paths.visits) for (const query of dayOf()) ask('/api/v1/alerts', query);
  setTimeout(() => asked.clear(), GOOD_MS);
}

/**
 * Send a request, or take the answer that was already asked for: once, and only what was asked in the same way. After
 * a change, as signing in is one, nothing that was asked before it is good any more.
 */
export function send(request: Request): Promise<Response> {
  if (request.method !== 'GET') asked.clear();
  const key = keyOf(request.url);
  const answer = request.headers.get('X-Lowincome') === 'console' ? asked.get(key) : undefined;
  if (answer === undefined) return fetch(request);
  asked.delete(key);
  return answer.catch(() => fetch(request));
}

begin();
