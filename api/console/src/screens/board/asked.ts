import { useQueries, useQuery } from '@tanstack/react-query';
import { useAddress } from '../../app/address';
import { api, type Schemas, told } from '../../contract/client';
import { cityToday } from '../../parts/written';

export type Table = Schemas['TableOut'];
export type Cell = Schemas['CellOut'];
export type Dimension = 'county' | 'town' | 'village' | 'level' | 'month' | 'rule';
export const PERIODS = ['30', '90', '365'] as const;
export type Period = (typeof PERIODS)[number];

export type Asked = { region: string; period: Period; since: string };
/** Which alerts a number counts; every part of it is a code, so that it may stand in an address. */
export type Drill = { figure: string; by?: string; key?: string; region?: string; since?: string; until?: string };

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

function before(days: number): string {
  return new Date(Date.parse(`${cityToday()}T00:00:00Z`) - days * DAY_MS).toISOString().slice(0, 10);
}

/** What the address says the board is of: a region, and how far back flows are counted. */
export function useAsked(): Asked & { set: (name: 'region' | 'period', value: string) => void } {
  const { params, set } = useAddress();
  const said = params.get('period');
  const period = PERIODS.find((one) => one === said) ?? '90';
  return {
    region: params.get('region') ?? '',
    period,
    since: before(Number(period)),
    set,
  };
}

function inRegion(asked: Asked): { region?: string } {
  return asked.region === '' ? {} : { region: asked.region };
}

export function useOverview(asked: Asked) {
  const query = { ...inRegion(asked), since: asked.since };
  return useQuery({
    queryKey: ['reports', 'overview', query],
    queryFn: () => told(api.GET('/api/v1/reports', { params: { query } })),
    staleTime: MINUTE_MS,
  });
}

/** Several figures along one dimension, in the order asked for. */
export function useSplit(asked: Asked, figures: readonly string[], by: Dimension) {
  const query = { ...inRegion(asked), since: asked.since, by };
  return useQueries({
    queries: figures.map((figure) => ({
      queryKey: ['reports', figure, query],
      queryFn: () => told(api.GET('/api/v1/reports/{figure}', { params: { path: { figure }, query } })),
      staleTime: MINUTE_MS,
    })),
  });
}

/** Of queries that are shown together the first that is pending or failed, so that none passes for zero. */
export function leastSure<Q extends { isPending: boolean; error: unknown }>(first: Q, ...others: Q[]): Q {
  return [first, ...others].find((one) => one.isPending || one.error !== null) ?? first;
}

export function useWeeks(asked: Asked) {
  const query = { ...inRegion(asked), weeks: 12 };
  return useQuery({
    queryKey: ['reports', 'weeks', query],
    queryFn: () => told(api.GET('/api/v1/reports/weeks', { params: { query } })),
    staleTime: MINUTE_MS,
  });
}

/** Of somebody whose every reading is noted nothing is read but what they ask for: not anew, not by itself, not twice. */
export const NOTED = {
  staleTime: Number.POSITIVE_INFINITY,
  refetchOnWindowFocus: false,
  refetchOnReconnect: false,
  retry: false,
} as const;

export function useMissed({ noted }: { noted: boolean }) {
  return useQuery({
    queryKey: ['reports', 'missed'],
    queryFn: () => told(api.GET('/api/v1/reports/missed')),
    ...(noted ? NOTED : { staleTime: MINUTE_MS }),
  });
}

/** The address of the alerts behind a number. */
export function rowsOf(drill: Drill): string {
  const said = Object.entries(drill).filter(([, value]) => value !== '');
  return `/board/rows?${new URLSearchParams(said)}`;
}

/** The part of a drill that the board's own filters add. */
export function narrowedBy(asked: Asked, stock: boolean): Pick<Drill, 'region' | 'since'> {
  return { ...inRegion(asked), ...(stock ? {} : { since: asked.since }) };
}
