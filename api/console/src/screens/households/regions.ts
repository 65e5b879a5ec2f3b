import { useQuery } from '@tanstack/react-query';
import { Refusal, Unreachable } from '../../contract/client';

export type Place = { code: string; name: string; level: string; leaf: boolean };
type Places = { here: Place; below: Place[] };

async function below(under: string | null): Promise<Places> {
  const asked = under === null ? '' : `?under=${encodeURIComponent(under)}`;
  const answer = await fetch(`/api/v1/regions${asked}`, { headers: { 'X-Lowincome': 'console' } }).catch(() => {
    throw new Unreachable();
  });
  const said: unknown = await answer.json();
  if (!answer.ok) throw new Refusal(answer, said);
  return said as Places;
}

/** What lies directly below a region; with null, below one's own. */
export function useBelow(under: string | null, wanted = true) {
  return useQuery<Places>({
    queryKey: ['regions', under],
    queryFn: () => below(under),
    enabled: wanted,
    staleTime: 3_600_000,
  });
}
