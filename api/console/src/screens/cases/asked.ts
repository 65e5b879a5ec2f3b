import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { api, type Schemas, told } from '../../contract/client';

export type Case = Schemas['CaseOut'];
export type Brief = Schemas['CaseBrief'];
export type Measure = Schemas['MeasureOut'];
export type Grounds = Schemas['GroundsOut'];
export type Status = Case['status'];
export type Narrow = { region?: string; status?: Status; waits?: Waits };
export const WAITS = ['check_due', 'measure_overdue', 'notice_over'] as const;
export type Waits = (typeof WAITS)[number];
const PAGE = 50;

/** The cases, those with something due today first, page by page. */
export function useCases(narrow: Narrow) {
  return useInfiniteQuery({
    queryKey: ['cases', 'list', narrow],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam: after }) => {
      const query = { ...narrow, limit: PAGE, ...(after === null ? {} : { after }) };
      return told(api.GET('/api/v1/cases', { params: { query } }));
    },
    getNextPageParam: (page) => page.next,
  });
}

/** How many cases of a region wait for each thing today. */
export function useWaiting(region: string | undefined) {
  return useQuery({
    queryKey: ['cases', 'waiting', region ?? ''],
    queryFn: () =>
      told(api.GET('/api/v1/cases/waiting', { params: { query: region === undefined ? {} : { region } } })),
  });
}

export const caseKey = (id: string) => ['cases', 'one', id] as const;

export function useCase(id: string) {
  return useQuery({
    queryKey: caseKey(id),
    queryFn: () => told(api.GET('/api/v1/cases/{case_id}', { params: { path: { case_id: id } } })),
    refetchOnWindowFocus: true,
  });
}

/** The visits that a proposal or a later check of the case may name now. */
export function useGrounds(id: string) {
  return useQuery({
    queryKey: ['cases', 'grounds', id],
    queryFn: () => told(api.GET('/api/v1/cases/{case_id}/visits', { params: { path: { case_id: id } } })),
  });
}
