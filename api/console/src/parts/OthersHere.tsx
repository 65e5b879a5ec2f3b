import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useEffect } from 'react';
import { api, type Schemas, told } from '../contract/client';
import { catalogue, useWords } from '../words/catalogue';
import { shared } from '../words/shared';

type Doing = NonNullable<Schemas['HereIn']['doing']>;
const AT_FIRST_SECONDS = 20;
const MS = 1000;

export const hereWords = catalogue(
  {
    looking: (name: string) => `${name}正在查看`,
    working: (name: string) => `${name}正在登记核查`,
    changed: '刚被他人更新，您看到的不是最新情况',
  },
  {
    looking: (name: string) => `${name} is looking at this`,
    working: (name: string) => `${name} is recording a visit`,
    changed: 'Somebody has just changed this: what you see is not the latest',
  },
);

/** Say that one is at an alert, as long as the page is shown; whoever leaves says so at once. */
function useHere(alert: string, doing: Doing): Schemas['HereOut'] | undefined {
  const query = useQuery({
    queryKey: ['here', alert, doing],
    queryFn: () =>
      told(api.PUT('/api/v1/alerts/{alert_id}/presence', { params: { path: { alert_id: alert } }, body: { doing } })),
    refetchInterval: (one) => (one.state.data?.again_seconds ?? AT_FIRST_SECONDS) * MS,
    retry: false,
    staleTime: 0,
    gcTime: 0,
  });
  useEffect(() => {
    const leave = (): void => {
      const path = { alert_id: alert };
      api.DELETE('/api/v1/alerts/{alert_id}/presence', { params: { path }, keepalive: true }).catch(() => undefined);
    };
    window.addEventListener('pagehide', leave);
    return () => {
      window.removeEventListener('pagehide', leave);
      leave();
    };
  }, [alert]);
  return query.data;
}

type Props = { alert: string; version: number; doing?: Doing; onRefresh: () => unknown };

/** Who else has the alert open just now, and whether it has changed since it was read. */
export function OthersHere({ alert, version, doing = 'looking', onRefresh }: Props): ReactElement {
  const t = useWords(hereWords);
  const s = useWords(shared);
  const here = useHere(alert, doing);
  const others = here?.others ?? [];
  const changed = here !== undefined && here.version > version;
  return (
    <div role="status" aria-live="polite" className="others-here">
      {others.map((one) => (
        <p key={one.name} className="quiet">
          {t[one.doing](one.name)}
        </p>
      ))}
      {changed ? (
        <p>
          {t.changed}{' '}
          <button type="button" className="linkish" onClick={() => onRefresh()}>
            {s.refresh}
          </button>
        </p>
      ) : null}
    </div>
  );
}
