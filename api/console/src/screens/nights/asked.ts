import { useQuery } from '@tanstack/react-query';
import { api, BY_ITSELF, type Schemas, told } from '../../contract/client';
import { cityToday } from '../../parts/written';

export type Night = Schemas['NightRunOut'];
export type Feed = Schemas['FeedOut'];
export type Held = Schemas['HeldOut'] & { feed: Feed };
const WELL = ['done', 'done_with_quarantine'];
const AT_WORK = ['requested', 'running'];
const OFTEN_MS = 5_000;

export const isWell = (night: Night): boolean => WELL.includes(night.status);
export const isAtWork = (night: Night): boolean => AT_WORK.includes(night.status);

/** The latest scans; asked again every few seconds while one is at work. */
export function useNights() {
  return useQuery({
    queryKey: ['nights'],
    queryFn: () => told(api.GET('/api/v1/nights', { headers: BY_ITSELF })),
    refetchInterval: (query) => (query.state.data?.some(isAtWork) ? OFTEN_MS : false),
  });
}

/** The feeds as known today: what came since the newest scan waits for a person too. */
export function useFeeds() {
  const query = { as_of: cityToday() };
  return useQuery({
    queryKey: ['feeds', query],
    queryFn: () => told(api.GET('/api/v1/feeds', { params: { query } })),
  });
}
