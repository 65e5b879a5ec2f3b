import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, ifMatch, Refusal, type Schemas, told } from '../../contract/client';

export type Suggestion = Schemas['SuggestionOut'];
export type Why = Schemas['DismissalIn']['why'];
type Decided = Schemas['DecidedOut'];
/** What a person decides: a reason sets it aside, without one it becomes an alert. */
export type Decision = { one: Suggestion; why: Why | null };
/** What became of a suggestion; of one that was dealt with meanwhile only that it was. */
export type Outcome = { no: string; became: Decided['status'] | 'meanwhile'; alert: string | null };

export const WHYS: readonly Why[] = [
  'AL_ENJ',
  'NE_INC',
  'NE_SHORT',
  'NE_PROG',
  'DUP',
  'ERR_STALE',
  'MOVED',
  'DEAD',
  'WATCH',
];
const LIST = ['suggestions'] as const;

export function useSuggestions() {
  return useQuery({ queryKey: LIST, queryFn: () => told(api.GET('/api/v1/suggestions')) });
}

/** Whether a model stands behind the list at all: an empty list says something else without one. */
export function useStanding() {
  return useQuery({ queryKey: ['model'], queryFn: () => told(api.GET('/api/v1/model')) });
}

function sent({ one, why }: Decision): Promise<Decided> {
  const params = { path: { suggestion_id: one.id }, header: ifMatch(one.version) };
  if (why === null) return told(api.POST('/api/v1/suggestions/{suggestion_id}/confirmation', { params }));
  return told(api.POST('/api/v1/suggestions/{suggestion_id}/dismissal', { params, body: { why } }));
}

/** A suggestion that another dealt with, that lapsed, or that is out of reach is told of, not failed at. */
async function decided(decision: Decision): Promise<Outcome> {
  const no = decision.one.household_no;
  try {
    const { status, alert_id } = await sent(decision);
    return { no, became: status, alert: alert_id ?? null };
  } catch (refused) {
    if (refused instanceof Refusal && [404, 409, 412].includes(refused.status)) {
      return { no, became: 'meanwhile', alert: null };
    }
    throw refused;
  }
}

export function useDeciding(onDone: (outcome: Outcome) => void) {
  const queries = useQueryClient();
  return useMutation<Outcome, unknown, Decision>({
    mutationFn: decided,
    onSuccess: async (outcome) => {
      onDone(outcome);
      await queries.invalidateQueries({ queryKey: LIST });
      if (outcome.alert !== null) await queries.invalidateQueries({ queryKey: ['alerts'] });
    },
  });
}
