import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, ifMatch, type Schemas, told } from '../../contract/client';
import { newId } from '../../parts/ids';
import { offerUndo } from '../../parts/Undo';

export type Referral = Schemas['ReferralOut'];
export type Whole = Schemas['ReferralInFull'];
export type Answer = { act: 'accept' | 'refuse' | 'finish'; why: string | null; receipt_no: string | null };
/** As many as the server lists at once, the soonest due first. */
export const MOST_LISTED = 200;

export function useReferrals() {
  return useQuery({ queryKey: ['referrals'], queryFn: () => told(api.GET('/api/v1/referrals')) });
}

export function useReferral(id: string) {
  const params = { path: { referral_id: id } };
  return useQuery({
    queryKey: ['referrals', id],
    queryFn: () => told(api.GET('/api/v1/referrals/{referral_id}', { params })),
  });
}

/** Answer a referral as it was seen; the list and what is open are read anew, whatever came of it. */
export function useAnswer(one: Whole, done: (act: Answer['act']) => string) {
  const queries = useQueryClient();
  return useMutation<unknown, unknown, Answer>({
    mutationFn: (body) => {
      const header = { ...ifMatch(one.version), 'Idempotency-Key': newId() };
      const params = { path: { referral_id: one.id }, header };
      return told(api.POST('/api/v1/referrals/{referral_id}/answers', { params, body }));
    },
    onSuccess: (_, { act }) => offerUndo({ text: done(act) }),
    onSettled: () => queries.invalidateQueries({ queryKey: ['referrals'] }),
  });
}
