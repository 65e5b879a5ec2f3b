import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { Link } from 'react-router';
import paths from '../../../paths.json';
import { useOnline } from '../../app/online';
import { useMay } from '../../app/session';
import { api, Refusal, type Schemas, told } from '../../contract/client';
import type { Stop } from '../../field/day';
import { Failure } from '../../parts/Failure';
import { Level } from '../../parts/small';
import { writtenDay } from '../../parts/written';
import { language, useWords } from '../../words/catalogue';
import type { Day } from './useDay';
import { words } from './words';

type Worklist = Schemas['PlanOut'];

/** What the day allows and who will be late at this pace: asked for once the list has come, and not without a network. */
export function Plan({ query: day }: { query: Day['query'] }): ReactElement | null {
  const t = useWords(words);
  const may = useMay();
  const online = useOnline();
  const { data: list, dataUpdatedAt: listedAt } = day;
  const asks = online && list !== undefined && !list.packed && may('alert.work');
  const query = useQuery({
    queryKey: ['day', 'worklist', listedAt],
    queryFn: () => told(api.GET('/api/v1/desk/worklist')),
    enabled: asks,
    placeholderData: (before) => before,
  });
  if (!asks) return null;
  if (query.error instanceof Refusal) return <Failure error={query.error} what={t.plan} onRetry={query.refetch} />;
  const said = query.data;
  return (
    <details className="plan">
      <summary>{said === undefined ? t.plan : <Sum said={said} />}</summary>
      {said === undefined ? null : <Behind said={said} stops={list.stops} />}
    </details>
  );
}

function Sum({ said }: { said: Worklist }): ReactElement {
  const t = useWords(words);
  return (
    <>
      <b>{said.visits === 0 ? t.planNone : t.planToday(said.today.length)}</b>{' '}
      <span className="quiet">{t.planWaiting(said.waiting)}</span>
      {said.late === 0 ? null : <b className="late"> · {t.planLate(said.late)}</b>}
    </>
  );
}

function Behind({ said, stops }: { said: Worklist; stops: Stop[] }): ReactElement {
  const t = useWords(words);
  const known = new Map([...stops, ...said.today].map((one) => [one.id, one]));
  return (
    <>
      <p className="quiet">{said.visits === 0 ? t.planRest : t.planHow(said.visits)}</p>
      {said.today.length === 0 ? null : (
        <ol aria-label={t.plan}>
          {said.today.map((one) => (
            <li key={one.id}>
              <Who one={one} />
              {said.floor.includes(one.id) ? <span className="tag">{t.planFloor}</span> : null}
            </li>
          ))}
        </ol>
      )}
      {said.soonest_late.length === 0 ? null : <p>{t.planLateList}</p>}
      <ul className="plain">
        {said.soonest_late.map((one) => {
          const stop = known.get(one.alert);
          return stop === undefined ? null : (
            <li key={one.alert}>
              <Who one={stop} />{' '}
              <span className="late">
                {one.reached_on === null ? t.planNever : t.planReached(writtenDay(one.reached_on, language.get()))}
              </span>
            </li>
          );
        })}
      </ul>
      {said.late > said.soonest_late.length ? <p role="note">{t.planMore(said.late)}</p> : null}
    </>
  );
}

function Who({ one }: { one: Stop }): ReactElement {
  const t = useWords(words);
  return (
    <>
      <Level level={one.level} />{' '}
      <Link to={paths.alert.replace(':id', one.id)}>
        {one.name} {one.household_no}
      </Link>{' '}
      <span className="quiet">
        {one.region_name}
        {one.due_on === null ? '' : ` · ${t.due(writtenDay(one.due_on, language.get()))}`}
      </span>
    </>
  );
}
