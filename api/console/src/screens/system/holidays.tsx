import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { useMay } from '../../app/session';
import { api, type Schemas, told } from '../../contract/client';
import { Button } from '../../parts/Button';
import { ListState } from '../../parts/ListState';
import { Day } from '../../parts/small';
import { cityToday } from '../../parts/written';
import { useWords } from '../../words/catalogue';
import { labelled } from '../../words/marks';
import { Editing } from './calendar-editing';
import { words as editing } from './calendar-words';
import { words } from './words';

const AROUND = [-1, 0, 1, 2];

/** How a year is counted: days off, and weekend days worked in exchange. */
export function Holidays(): ReactElement {
  const t = useWords(words);
  const now = Number(cityToday().slice(0, 4));
  const [year, setYear] = useState(now);
  const query = useQuery({
    queryKey: ['calendar', year],
    queryFn: () => told(api.GET('/api/v1/calendar/{year}', { params: { path: { year } } })),
  });
  return (
    <>
      <p className="narrowing">
        <label>
          {t.year}
          <select value={year} onChange={(event) => setYear(Number(event.target.value))}>
            {AROUND.map((by) => (
              <option key={by} value={now + by}>
                {now + by}
              </option>
            ))}
          </select>
        </label>
      </p>
      <ListState query={query} what={t.holidays} count={query.data === undefined ? 0 : 1} nothing={null}>
        {query.data === undefined ? null : <Told key={year} year={query.data} />}
      </ListState>
    </>
  );
}

function Told({ year }: { year: Schemas['YearOut'] }): ReactElement {
  const t = useWords(words);
  const change = useWords(editing);
  const may = useMay();
  const [changing, setChanging] = useState(false);
  if (changing) return <Editing year={year} onEnd={() => setChanging(false)} />;
  return (
    <>
      {may('policy.write') ? (
        <p>
          <Button onClick={() => setChanging(true)}>{change.change}</Button>
        </p>
      ) : null}
      <p className={year.published ? 'quiet' : 'bar-yellow'}>{year.published ? t.published : t.provisional}</p>
      {year.title === '' ? null : (
        <p>
          {labelled(t.notice)}
          {year.title}
        </p>
      )}
      {year.off.length === 0 ? <p>{t.noYear}</p> : <Days what={t.off} days={year.off} />}
      {year.worked.length === 0 ? null : <Days what={t.worked} days={year.worked} />}
    </>
  );
}

function Days({ what, days }: { what: string; days: string[] }): ReactElement {
  return (
    <section aria-label={what}>
      <h3>
        {what} <span className="quiet">{days.length}</span>
      </h3>
      <ul className="days">
        {days.map((day) => (
          <li key={day}>
            <Day day={day} />
          </li>
        ))}
      </ul>
    </section>
  );
}
