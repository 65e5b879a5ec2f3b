import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, type Schemas, told } from '../../contract/client';

export type Digest = Schemas['DigestOut'];
export type Sheet = Schemas['DigestSheet'];
export type Note = Schemas['NoteOut'];
export type Named = Sheet['contents']['alerts'][number] | Sheet['contents']['referrals'][number];
/** What one line of a digest counts: a step, of an alert, a referral or a correction. */
export type Counted = `${'' | 'referral_' | 'correction_'}${Named['step']}`;

export function useCalls() {
  return useQuery({ queryKey: ['notices', 'calls'], queryFn: () => told(api.GET('/api/v1/desk/mentions')) });
}

export function useDigests() {
  return useQuery({ queryKey: ['notices', 'digests'], queryFn: () => told(api.GET('/api/v1/desk/digests')) });
}

/** A digest is never changed, but what it names goes on. */
export function useSheet(id: string) {
  return useQuery({
    queryKey: ['notices', 'digests', id],
    queryFn: () => told(api.GET('/api/v1/desk/digests/{digest_id}', { params: { path: { digest_id: id } } })),
  });
}

export function useSeeing(note: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => told(api.POST('/api/v1/desk/mentions/{note_id}/seen', { params: { path: { note_id: note } } })),
    onSettled: () => queries.invalidateQueries({ queryKey: ['notices'] }),
  });
}

/** Under which word something named is counted. */
export function countedAs(one: Named): Counted {
  if (!('referral' in one)) return one.step;
  return `${one.correction ? 'correction' : 'referral'}_${one.step}`;
}
