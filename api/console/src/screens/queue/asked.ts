import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useSearchParams } from 'react-router';
import { api, type Schemas, told } from '../../contract/client';
import { FIRST, MORE, type Narrow, narrowOf } from '../../contract/lists';

export { type Narrow, narrowOf };

export type Brief = Schemas['AlertBrief'];
export type Urgency = NonNullable<Brief['urgency']>;

export const GROUPS: readonly Urgency[] = ['long_overdue', 'overdue', 'soon', 'later'];
export type Narrowing = {
  narrow: Narrow;
  narrowed: boolean;
  set: (name: keyof Narrow, value: string) => void;
  replace: (narrow: Narrow) => void;
  clear: () => void;
};

/** The filters, which stand in the address so that a view can be passed on and the back key works. */
export function useNarrowing(): Narrowing {
  const [params, setParams] = useSearchParams();
  const narrow = useMemo(() => narrowOf(params), [params]);
  const rest = (): URLSearchParams => {
    const kept = new URLSearchParams();
    const shown = params.get('alert');
    if (shown !== null) kept.set('alert', shown);
    return kept;
  };
  return {
    narrow,
    narrowed: Object.keys(narrow).length > 0,
    set: (name, value) => {
      const next = new URLSearchParams(params);
      if (value === '') next.delete(name);
      else next.set(name, value);
      setParams(next, { replace: true });
    },
    replace: (wanted) => {
      const next = rest();
      for (const [name, value] of Object.entries(wanted)) if (value !== null) next.set(name, String(value));
      setParams(next, { replace: true });
    },
    clear: () => setParams(rest(), { replace: true }),
  };
}

/** The queue as far as it was asked for, page by page; a search goes in the body, so that no log holds it. */
export function useQueue(narrow: Narrow, text: string) {
  return useInfiniteQuery({
    queryKey: ['alerts', 'queue', narrow, text],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam: after }) => {
      if (text !== '')
        return told(api.POST('/api/v1/alerts/search', { body: { ...narrow, text, after, limit: MORE } }));
      const query = after === null ? { ...narrow, limit: FIRST } : { ...narrow, limit: MORE, after };
      return told(api.GET('/api/v1/alerts', { params: { query } }));
    },
    getNextPageParam: (page) => page.next,
  });
}

export function useCounts(narrow: Narrow) {
  const { group: _, ...query } = narrow;
  return useQuery({
    queryKey: ['alerts', 'counts', query],
    queryFn: () => told(api.GET('/api/v1/alerts/counts', { params: { query } })),
  });
}

export function useNight() {
  return useQuery({ queryKey: ['night'], queryFn: () => told(api.GET('/api/v1/night')), staleTime: 60_000 });
}

export function useColleagues() {
  return useQuery({ queryKey: ['colleagues'], queryFn: () => told(api.GET('/api/v1/colleagues')), staleTime: 60_000 });
}
