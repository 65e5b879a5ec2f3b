import { useMutation, useQueryClient } from '@tanstack/react-query';
import { ifMatch } from '../../contract/client';
import type { Conditions } from '../../parts/acting';
import { newId } from '../../parts/ids';
import { offerUndo } from '../../parts/Undo';
import type { Alert } from './asked';

type Step = { done: string; send: (header: Conditions) => Promise<unknown> };

/** One step of an alert as it was seen; what follows it, or why it was refused, is read anew. */
export function useStep(version: Alert['version']) {
  const queries = useQueryClient();
  return useMutation<unknown, unknown, Step>({
    mutationFn: ({ send }) => send({ ...ifMatch(version), 'Idempotency-Key': newId() }),
    onSuccess: (_, { done }) => offerUndo({ text: done }),
    onSettled: () => queries.invalidateQueries(),
  });
}
