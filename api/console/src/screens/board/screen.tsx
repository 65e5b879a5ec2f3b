import type { ReactElement } from 'react';
import { lazy, Suspense, useState } from 'react';
import { useMay } from '../../app/session';
import { Button } from '../../parts/Button';
import { ListState } from '../../parts/ListState';
import { Region } from '../../parts/Region';
import { writtenInstant } from '../../parts/written';
import { useWords } from '../../words/catalogue';
import { PERIODS, type Period, useAsked, useOverview } from './asked';
import './board.css';
import { Cards } from './cards';
import { Rules } from './rules';
import { Cohorts, Missed } from './sample';
import { Towns } from './towns';
import { Trend } from './trend';
import { words } from './words';

const ReportDialog = lazy(() => import('./export'));

/** The supervisors' ten minutes: six numbers, where, since when, by which rule, and whom nobody saw. */
export default function Board(): ReactElement {
  const t = useWords(words);
  const asked = useAsked();
  const query = useOverview(asked);
  const tables = query.data ?? [];
  const known = tables[0]?.as_known_at;
  return (
    <>
      <h1>{t.title}</h1>
      <ListState query={query} what={t.figures} count={tables.length} nothing={null}>
        <p>{known == null ? t.never : t.asOf(writtenInstant(known))}</p>
        <Choices />
        <Cards asked={asked} tables={tables} />
        <div className="board-pair">
          <Towns asked={asked} onOnly={(region) => asked.set('region', region)} />
          <Trend asked={asked} />
        </div>
        <Rules asked={asked} />
        <div className="board-pair">
          <Missed />
          <Cohorts asked={asked} tables={tables} />
        </div>
        <p className="quiet">{t.noRanking}</p>
      </ListState>
    </>
  );
}

function Choices(): ReactElement {
  const t = useWords(words);
  const may = useMay();
  const asked = useAsked();
  const [exporting, setExporting] = useState(false);
  const named: Record<Period, string> = { '30': t.days30, '90': t.days90, '365': t.days365 };
  return (
    <div className="board-line">
      <label>
        {t.period}
        <select value={asked.period} onChange={(event) => asked.set('period', event.target.value)}>
          {PERIODS.map((one) => (
            <option key={one} value={one}>
              {named[one]}
            </option>
          ))}
        </select>
      </label>
      <Region label={t.region} value={asked.region} onChoose={(region) => asked.set('region', region)} />
      {may('report.export') ? <Button onClick={() => setExporting(true)}>{t.export}</Button> : null}
      <Suspense fallback={null}>{exporting ? <ReportDialog onClose={() => setExporting(false)} /> : null}</Suspense>
    </div>
  );
}
