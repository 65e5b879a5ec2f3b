import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { api, told } from '../../contract/client';
import { Photos, usePhotos } from '../../parts/Photos';
import { writtenDay } from '../../parts/written';
import { language, useServed, useWords } from '../../words/catalogue';
import { aside, comma } from '../../words/marks';
import type { Alert } from './asked';
import { words } from './step-words';

type FollowUp = Alert['follow_ups'][number];

/** What the words of visits are called: ways, findings, codes; the code itself until the catalogue has come. */
export function useCodeNames(): (code: string) => string {
  const served = useServed();
  const { data } = useQuery({
    queryKey: ['visits', 'catalogue'],
    queryFn: () => told(api.GET('/api/v1/visits/catalogue')),
    staleTime: 300_000,
  });
  const all = data === undefined ? [] : [...data.ways, ...data.findings, ...data.codes];
  return (code) => {
    const found = all.find((one) => one.code === code);
    return found === undefined ? code : served(found.zh, found.en);
  };
}

/** What was found on each visit, the newest first, with its pictures. */
export function Visited({ alert }: { alert: Alert }): ReactElement {
  const t = useWords(words);
  const found = [...alert.follow_ups].sort((one, other) => other.recorded_at.localeCompare(one.recorded_at));
  return (
    <section aria-labelledby="visited">
      <h2 id="visited">{t.visits}</h2>
      {found.length === 0 ? <p className="quiet">{t.noVisits}</p> : null}
      <ul className="plain">
        {found.map((one) => (
          <Visit key={one.id} one={one} />
        ))}
      </ul>
    </section>
  );
}

function Visit({ one }: { one: FollowUp }): ReactElement {
  const t = useWords(words);
  const named = useCodeNames();
  const { data } = usePhotos(one.id);
  const codes = [one.reason_code, ...one.proposed].filter((code) => code !== null).map(named);
  return (
    <li>
      {writtenDay(one.visited_on, language.get())} · {named(one.way)} · <b>{named(one.finding)}</b>
      {codes.length === 0 ? '' : aside(codes.join(comma()))}
      {one.undone_at === null ? null : <span className="tag"> {t.takenBack}</span>}
      {one.supplement === null ? null : <span className="tag"> {t.record}</span>}
      {one.note === null ? null : <p>{one.note}</p>}
      <Photos ids={data ?? []} />
    </li>
  );
}
