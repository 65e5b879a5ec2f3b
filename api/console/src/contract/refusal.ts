import type { components } from './schema';

export type Problem = components['schemas']['Problem'];

/** What the server refused, in its own words. */
export class Refusal extends Error {
  readonly status: number;
  /** The last part of the problem's type: its status, or a word as code-needed. */
  readonly kind: string;
  readonly problem: Problem;
  readonly incident: string;
  readonly version: string | null;
  readonly retryAfter: number | null;

  constructor(response: Response, said: unknown) {
    const problem = problemOf(response, said);
    super(problem.title);
    this.status = response.status;
    this.problem = problem;
    this.kind = problem.type.split(':').pop() ?? String(response.status);
    this.incident = response.headers.get('X-Request-Id') ?? '';
    this.version = response.headers.get('ETag');
    const wait = Number(response.headers.get('Retry-After'));
    this.retryAfter = Number.isFinite(wait) && wait > 0 ? wait : null;
  }
}

/** No answer came: the network is gone, or the server is. */
export class Unreachable extends Error {}

function problemOf(response: Response, said: unknown): Problem {
  if (typeof said === 'object' && said !== null && 'detail_zh' in said) return said as Problem;
  const status = response.status;
  return {
    type: `urn:lowincome:problem:${status}`,
    title: `The server answered ${status}`,
    title_zh: `服务器返回 ${status}`,
    status,
    detail: `The server answered ${status}`,
    detail_zh: `服务器返回 ${status}`,
    next: 'try later',
    next_zh: '请稍后再试',
    faults: [],
  };
}
