import { useQuery } from '@tanstack/react-query';
import { api, told } from '../../contract/client';

const HOUR_MS = 3_600_000;

/** A region and what lies directly below it; with null, the whole of what is watched. */
export function useBelow(under: string | null) {
  return useQuery({
    queryKey: ['regions', under],
    queryFn: () => told(api.GET('/api/v1/system/regions', { params: { query: under === null ? {} : { under } } })),
    staleTime: HOUR_MS,
  });
}
