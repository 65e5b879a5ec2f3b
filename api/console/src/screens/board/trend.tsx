import type { ReactElement } from 'react';
import { useMemo } from 'react';
import { Link } from 'react-router';
import type { Schemas } from '../../contract/client';
import { Figure } from '../../parts/Figure';
import { Heads } from '../../parts/Heads';
import { ListState } from '../../parts/ListState';
import { writtenCount } from '../../parts/written';
import { useWords } from '../../words/catalogue';
import { type Asked, rowsOf, useWeeks } from './asked';
import { words } from './words';

type Week = Schemas['WeekOut'];

/** Twelve weeks: how many alerts each raised, and how many of these have ended. */
export function Trend({ asked }: { asked: Asked }): ReactElement {
  const t = useWords(words);
  const query = useWeeks(asked);
  const weeks = query.data ?? [];
  const raised = sum(weeks, 'raised');
  return (
    <section>
      <h2>{t.trend}</h2>
      <ListState query={query} what={t.trend} count={raised} nothing={<p>{t.noTrend}</p>}>
        <TrendFigure weeks={weeks} asked={asked} />
      </ListState>
    </section>
  );
}

function sum(weeks: Week[], what: 'raised' | 'closed'): number {
  return weeks.reduce((all, week) => all + week[what], 0);
}

function TrendFigure({ weeks, asked }: { weeks: Week[]; asked: Asked }): ReactElement {
  const t = useWords(words);
  const most = weeks.reduce<Week | null>(
    (best, week) => (best !== null && best.raised >= week.raised ? best : week),
    null,
  );
  const option = useMemo(
    () => ({
      grid: { left: 48, right: 16, top: 36, bottom: 32 },
      legend: { top: 0 },
      xAxis: { type: 'category', data: weeks.map((week) => week.since.slice(5)) },
      yAxis: { type: 'value', minInterval: 1 },
      series: [
        { name: t.raised, type: 'line', symbol: 'circle', color: '#1450aa', data: weeks.map((week) => week.raised) },
        {
          name: t.closed,
          type: 'line',
          symbol: 'rect',
          color: '#237804',
          lineStyle: { type: 'dashed' },
          data: weeks.map((week) => week.closed),
        },
      ],
    }),
    [weeks, t],
  );
  const sentence = t.trendSaid(
    writtenCount(sum(weeks, 'raised')),
    writtenCount(sum(weeks, 'closed')),
    most?.since ?? '',
    writtenCount(most?.raised ?? 0),
  );
  return <Figure sentence={sentence} option={option} table={<WeekTable weeks={weeks} asked={asked} />} />;
}

function WeekTable({ weeks, asked }: { weeks: Week[]; asked: Asked }): ReactElement {
  const t = useWords(words);
  const region = asked.region === '' ? {} : { region: asked.region };
  return (
    <table className="plain-table">
      <Heads titles={[t.week, [t.raised], [t.closed]]} />
      <tbody>
        {weeks.map(({ since, until, raised, closed }) => (
          <tr key={since}>
            <th scope="row">
              {since} – {until.slice(5)}
            </th>
            <td className="number">
              <Link to={rowsOf({ figure: 'raised', since, until, ...region })}>{writtenCount(raised)}</Link>
            </td>
            <td className="number">
              <Link to={rowsOf({ figure: 'closed', since, until, ...region })}>{writtenCount(closed)}</Link>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
