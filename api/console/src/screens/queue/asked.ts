import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useAddress } from '../../app/address';
import { api, type Schemas, told } from '../../contract/client';
import { FIRST, MORE, type Narrow, narrowOf } from '../../contract/lists';

export { type Narrow, narrowOf };

export type Brief = Schemas['AlertBrief'];
export type Urgency = NonNullable<Brief['urgency']>;

export const GROUPS: readonly Urgency[] = ['long_overdue', 'overdue', 'soon', 'later'];
export type Narrowing = {
  narrow: Narrow;
  narrowed: boolean;
  /** The view that was chosen last; it was narrowed otherwise since where it is not what the queue is narrowed to. */
  view: string | null;
  set: (name: keyof Narrow | 'view', value: string) => void;
  choose: (view: { id: string; narrow: Narrow }) => void;
  clear: () => void;
};

/** The filters, which stand in the address so that a view can be passed on and the back key works. */
export function useNarrowing(): Narrowing {
  const { params, amend, set } = useAddress();
  const narrow = useMemo(() => narrowOf(params), [params]);
  return {
    narrow,
    narrowed: Object.keys(narrow).length > 0,
    view: params.get('view'),
    set,
    choose: (view) =>
      amend((said) => {
        widen(said);
        said.set('view', view.id);
        for (const [name, value] of Object.entries(view.narrow)) if (value !== null) said.set(name, String(value));
      }),
    clear: () => amend(widen),
  };
}

/** All that narrows goes; the alert that is open beside the list stays. */
function widen(said: URLSearchParams): void {
  for (const name of [...said.keys()]) if (name !== 'alert') said.delete(name);
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
