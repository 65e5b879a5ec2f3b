import type { Acting, Conditions, Step } from '../../parts/acting';
import { useActing } from '../../parts/acting';
import { type Case, caseKey } from './asked';

export type CaseParams = { path: { case_id: string }; header: Conditions };
/** A step of a case: sent with what its address and its headers must say. */
type CaseStep = Omit<Step, 'send'> & { send: (params: CaseParams) => Promise<unknown> };
export type CaseActing = Acting<Case, CaseStep>;

/** Do something to the case as it was seen. */
export function useCaseActing(one: Case): CaseActing {
  const acting = useActing(one, { itself: caseKey(one.id), touched: [[]] });
  return {
    ...acting,
    go: ({ send, ...step }) => acting.go({ ...step, send: (header) => send({ path: { case_id: one.id }, header }) }),
  };
}
