import type { UseQueryResult } from '@tanstack/react-query';
import { useQuery } from '@tanstack/react-query';
import { useMay } from '../../app/session';
import { api, type Schemas, told } from '../../contract/client';
import { cityToday } from '../../parts/written';

export type Rule = Schemas['RuleBrief'];
export type Whole = Schemas['RuleOut'];
export type Value = Schemas['ValueOut'];
export type Parameter = Schemas['ParameterOut'];
export type Indicator = Schemas['IndicatorOut'];
/**
 * How one rule did: of how many households it fired in the newest scan, or null when that did not know the rule; the
 * feeds that it lacked there; of its alerts settled in a year, how many held.
 */
export type Yield = { fires: number | null; lacks: Schemas['CalledOut'][]; confirmed: number; settled: number };
export const NOT_YET: Yield = { fires: null, lacks: [], confirmed: 0, settled: 0 };
export type Filters = { text: string; direction: string; level: string; samples: boolean };
export const NO_FILTER: Filters = { text: '', direction: '', level: '', samples: false };

const HOUR_MS = 3_600_000;

export function useRules(): UseQueryResult<Schemas['RulesOut']> {
  return useQuery({ queryKey: ['rules'], queryFn: () => told(api.GET('/api/v1/policy/rules')), staleTime: HOUR_MS });
}

export function useRule(name: string): UseQueryResult<Whole> {
  return useQuery({
    queryKey: ['rule', name],
    queryFn: () => told(api.GET('/api/v1/policy/rules/{rule}', { params: { path: { rule: name } } })),
    staleTime: HOUR_MS,
  });
}

export function useIndicator(name: string, on: boolean): UseQueryResult<Indicator> {
  return useQuery({
    queryKey: ['indicator', name],
    queryFn: () => told(api.GET('/api/v1/policy/indicators/{indicator}', { params: { path: { indicator: name } } })),
    staleTime: HOUR_MS,
    enabled: on,
  });
}

export type LimitBrief = Schemas['ParameterBrief'];
export const NO_LIMITS = { text: '', samples: false };

export function useLimits(): UseQueryResult<Schemas['ParametersOut']> {
  return useQuery({
    queryKey: ['limits'],
    queryFn: () => told(api.GET('/api/v1/policy/parameters')),
    staleTime: HOUR_MS,
  });
}

export function useLimit(name: string): UseQueryResult<Parameter> {
  return useQuery({
    queryKey: ['limits', name],
    queryFn: () => told(api.GET('/api/v1/policy/parameters/{parameter}', { params: { path: { parameter: name } } })),
    staleTime: HOUR_MS,
  });
}

export function limitsChosen(limits: LimitBrief[], narrow: typeof NO_LIMITS): LimitBrief[] {
  const text = narrow.text.trim().toLowerCase();
  const said = (one: LimitBrief): string => [one.name, one.called.zh, one.called.en].join(' ').toLowerCase();
  return limits.filter((one) => (!narrow.samples || one.sample) && (text === '' || said(one).includes(text)));
}

/** A year back from a day; the 29th of February has its day before. */
function yearBefore(day: string): string {
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCFullYear(at.getUTCFullYear() - 1);
  return at.toISOString().slice(0, 10);
}

async function shares(): Promise<Schemas['CellOut'][]> {
  const until = cityToday();
  const query = { by: 'rule' as const, since: yearBefore(until), until };
  const params = { path: { figure: 'confirmed_share' }, query };
  return (await told(api.GET('/api/v1/reports/{figure}', { params }))).cells;
}

async function yields(): Promise<Map<string, Yield>> {
  const [hits, settled] = await Promise.all([told(api.GET('/api/v1/policy/hits')), shares()]);
  const found = new Map<string, Yield>();
  for (const { rule, fires, lacks } of hits.rules) {
    const named = lacks.map((feed) => hits.called[feed] ?? { zh: feed, en: feed });
    found.set(rule, { ...NOT_YET, fires, lacks: named });
  }
  for (const cell of settled) {
    if (!cell.key) continue;
    found.set(cell.key, { ...(found.get(cell.key) ?? NOT_YET), confirmed: cell.counted, settled: cell.among });
  }
  return found;
}

/** How each rule did, alerts in one's own region; nothing for who may not read reports. */
export function useYields(): Map<string, Yield> | undefined {
  const may = useMay();
  return useQuery({ queryKey: ['rules', 'yield'], queryFn: yields, enabled: may('report.read') }).data;
}

export function chosen(rules: Rule[], filters: Filters): Rule[] {
  const text = filters.text.trim().toLowerCase();
  return rules.filter(
    (one) =>
      (filters.direction === '' || one.direction === filters.direction) &&
      (filters.level === '' || one.level === filters.level) &&
      (!filters.samples || one.sample) &&
      (text === '' || written(one).includes(text)),
  );
}

function written(one: Rule): string {
  const said = [one.name, one.code, one.called.zh, one.called.en, one.factor_called.zh, one.factor_called.en];
  return [...said, one.reference.title].join(' ').toLowerCase();
}
