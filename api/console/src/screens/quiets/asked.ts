import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { api, type Schemas, told } from '../../contract/client';
import { newId } from '../../parts/ids';
import { offerUndo } from '../../parts/Undo';

export type Quiet = Schemas['SilenceOut'];
export type Why = Schemas['LiftIn']['why'];
export type Narrow = { region?: string; rule?: string; paused?: boolean; household_no?: string };
const PAGE = 50;

/** The rules kept quiet, the newest first, page by page. */
export function useQuiets(narrow: Narrow) {
  return useInfiniteQuery({
    queryKey: ['quiets', narrow],
    initialPageParam: null as number | null,
    queryFn: ({ pageParam: after }) => {
      const query = { ...narrow, limit: PAGE, ...(after === null ? {} : { after }) };
      return told(api.GET('/api/v1/quiets', { params: { query } }));
    },
    getNextPageParam: (page) => page.next,
  });
}

/** Let one rule speak again of one household; the list is read anew, whatever came of it. */
export function useLifting(one: Quiet, done: string) {
  const queries = useQueryClient();
  return useMutation<unknown, unknown, Why>({
    mutationFn: (why) => {
      const path = { household_no: one.household_no, rule: one.rule };
      const params = { path, header: { 'Idempotency-Key': newId() } };
      return told(api.POST('/api/v1/households/{household_no}/quiets/{rule}/end', { params, body: { why } }));
    },
    onSuccess: () => offerUndo({ text: done }),
    onSettled: () => queries.invalidateQueries({ queryKey: ['quiets'] }),
  });
}
