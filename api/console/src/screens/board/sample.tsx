import type { ReactElement } from 'react';
import { Link } from 'react-router';
import { ListState } from '../../parts/ListState';
import { writtenCount } from '../../parts/written';
import { useWords } from '../../words/catalogue';
import { type Asked, rowsOf, type Table, useMissed } from './asked';
import { words } from './words';

const MONTHS = [3, 6, 12] as const;

/** How many in need nobody had flagged, by the random sample: with its bounds, or not at all. */
export function Missed({ noted = false }: { noted?: boolean }): ReactElement {
  const t = useWords(words);
  const query = useMissed({ noted });
  const said = query.data;
  const count = (value: number | null | undefined) => writtenCount(Math.round(value ?? 0));
  return (
    <section>
      <h2>{t.missed}</h2>
      <ListState query={query} what={t.missed} count={said === undefined ? 0 : 1} nothing={null}>
        {said === undefined ? null : (
          <>
            <p>
              {said.enough
                ? t.missedSaid(count(said.estimate), count(said.low), count(said.high))
                : t.missedFew(writtenCount(said.settled))}
            </p>
            <p className="quiet">
              {t.missedBase(writtenCount(said.drawn), writtenCount(said.settled), writtenCount(said.confirmed))}
            </p>
          </>
        )}
      </ListState>
    </section>
  );
}

/** Of the cases old enough, those in which help was given in time. */
export function Cohorts({ asked, tables }: { asked: Asked; tables: Table[] }): ReactElement {
  const t = useWords(words);
  const region = asked.region === '' ? {} : { region: asked.region };
  return (
    <section>
      <h2>{t.cohorts}</h2>
      <p className="quiet">{t.cohortsHint}</p>
      <dl className="board-cohorts">
        {MONTHS.map((months) => {
          const figure = `helped_${months}m`;
          const total = tables.find((one) => one.figure.name === figure)?.total;
          return (
            <div key={months}>
              <dt>{t.cohort(months)}</dt>
              <dd>
                {total?.value == null ? (
                  t.nothing
                ) : (
                  <>
                    <Link to={rowsOf({ figure, ...region })}>{t.share(total.value)}</Link>
                    <span className="quiet"> {t.ofThem(writtenCount(total.counted), writtenCount(total.among))}</span>
                  </>
                )}
              </dd>
            </div>
          );
        })}
      </dl>
    </section>
  );
}
