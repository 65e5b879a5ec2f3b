import { useQuery } from '@tanstack/react-query';
import { api, type Schemas, told, toldWithVersion } from '../../contract/client';

export type Alert = Schemas['AlertOut'];
export type Brief = Schemas['AlertBrief'];
export type Reason = Schemas['ReasonOut'];

/** A row behind a reason, and what became of that reason. */
export type Evidence = Schemas['EvidenceOut'] & { state: Reason['status'] };

/** A row of data that was said to be wrong, and what became of it. */
export type Correction = Schemas['ReferralOut'];

export const alertKey = (id: string) => ['alerts', 'one', id] as const;

export function useAlert(id: string) {
  return useQuery({
    queryKey: alertKey(id),
    queryFn: () => toldWithVersion(api.GET('/api/v1/alerts/{alert_id}', { params: { path: { alert_id: id } } })),
    refetchOnWindowFocus: true,
  });
}

export function useExplanation(household: string) {
  return useQuery({
    queryKey: ['households', household, 'explanation'],
    queryFn: () =>
      told(api.GET('/api/v1/households/{household_no}/explanation', { params: { path: { household_no: household } } })),
    staleTime: 300_000,
  });
}

export function useMonths(household: string) {
  return useQuery({
    queryKey: ['households', household, 'months'],
    queryFn: () =>
      told(api.GET('/api/v1/households/{household_no}/months', { params: { path: { household_no: household } } })),
    staleTime: 300_000,
  });
}

export const timelineKey = (household: string) => ['households', household, 'timeline'] as const;

export function useTimeline(household: string) {
  return useQuery({
    queryKey: timelineKey(household),
    queryFn: () =>
      told(api.GET('/api/v1/households/{household_no}/timeline', { params: { path: { household_no: household } } })),
  });
}

export function useFeeds() {
  return useQuery({ queryKey: ['feeds'], queryFn: () => told(api.GET('/api/v1/feeds')), staleTime: 300_000 });
}

/** The departments whose clerks see what is referred to them. */
export function useDepartments() {
  return useQuery({
    queryKey: ['departments'],
    queryFn: () => told(api.GET('/api/v1/departments')),
    staleTime: 300_000,
  });
}

export function useNotes(id: string) {
  return useQuery({
    queryKey: ['alerts', 'notes', id],
    queryFn: () => told(api.GET('/api/v1/alerts/{alert_id}/notes', { params: { path: { alert_id: id } } })),
  });
}

export function useCorrections(id: string) {
  return useQuery({
    queryKey: ['alerts', 'corrections', id],
    queryFn: () => told(api.GET('/api/v1/alerts/{alert_id}/corrections', { params: { path: { alert_id: id } } })),
  });
}
