import type { InfiniteData, UseInfiniteQueryResult, UseQueryResult } from '@tanstack/react-query';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { api, type Schemas, told } from '../../contract/client';

export type Entry = Schemas['AuditEntryOut'];
export type Page = Schemas['AuditPage'];
export type Status = Schemas['AuditStatusOut'];
export const KINDS = {
  reveals: ['person.revealed', 'photo.shown'],
  packs: ['pack.made', 'pack.ended', 'pack.wiped', 'lead.registered', 'visit.supplemented'],
  exports: ['alerts.exported', 'report.exported', 'export.asked', 'export.agreed', 'export.refused'],
  prints: ['forms.printed'],
  rules: ['calendar.arranged', 'scan.done', 'scan.alerts', 'run.released'],
  accounts: [
    'worker.added',
    'account.invited',
    'account.bound',
    'account.enabled',
    'account.disabled',
    'role.granted',
    'password.set',
    'second_factor.removed',
    'token.issued',
    'token.revoked',
  ],
  signIns: ['session.begun', 'session.refused', 'session.proved'],
  data: [
    'delivery.committed',
    'delivery.released',
    'delivery.rejected',
    'delivery.refused',
    'delivery.held',
    'delivery.corrected',
    'visits.imported',
    'visits.import_undone',
    'data.erased',
    'hold.set',
    'hold.lifted',
  ],
  checks: ['audit.verified'],
} as const;
export type Kind = keyof typeof KINDS;
export type Filters = { kind: Kind | ''; by: string; subject: string; since: string; until: string };
export const NO_FILTER: Filters = { kind: '', by: '', subject: '', since: '', until: '' };
const PAGE = 50;

export function isKind(word: string): word is Kind {
  return word in KINDS;
}

function page(filters: Filters, before: number | null): Promise<Page> {
  const query = {
    limit: PAGE,
    ...(filters.kind === '' ? {} : { action: [...KINDS[filters.kind]] }),
    ...(filters.by === '' ? {} : { by: filters.by }),
    ...(filters.subject === '' ? {} : { subject: filters.subject }),
    ...(filters.since === '' ? {} : { since: filters.since }),
    ...(filters.until === '' ? {} : { until: filters.until }),
    ...(before === null ? {} : { before }),
  };
  return told(api.GET('/api/v1/audit', { params: { query } }));
}

export function useEntries(filters: Filters): UseInfiniteQueryResult<InfiniteData<Page>> {
  return useInfiniteQuery({
    queryKey: ['audit', filters],
    queryFn: ({ pageParam }) => page(filters, pageParam),
    initialPageParam: null as number | null,
    getNextPageParam: (last) => last.next,
  });
}

export function useStatus(): UseQueryResult<Status> {
  return useQuery({ queryKey: ['audit', 'status'], queryFn: () => told(api.GET('/api/v1/audit/status')) });
}
