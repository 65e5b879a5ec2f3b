import { useQuery } from '@tanstack/react-query';
import type { ReactElement, ReactNode } from 'react';
import { Link } from 'react-router';
import paths from '../../../paths.json';
import { useStored } from '../../app/store';
import { api, type Schemas, told } from '../../contract/client';
import { isRecent, writtenCount, writtenDay } from '../../parts/written';
import { language, useWords } from '../../words/catalogue';
import { type Asked, narrowedBy, rowsOf, type Table } from './asked';
import { words } from './words';

const MOST_OVERDUE = 0.05;
const MOST_DAYS = 2;
type Props = { asked: Asked; tables: Table[] };

/** The six numbers that a supervisor looks at first; each leads to its rows. */
export function Cards({ asked, tables }: Props): ReactElement {
  const t = useWords(words);
  const of = (name: string) => tables.find((one) => one.figure.name === name);
  const late = of('overdue')?.total;
  const lateShare = late === undefined || late.among === 0 ? null : late.counted / late.among;
  const first = of('first_action')?.total;
  const nine = first?.percentiles?.['90'];
  const wrong = of('false_alarm_share')?.total;
  const goal = (well: boolean) => (well ? t.within : t.beyond);
  return (
    <ul className="board-cards">
      <Card title={t.open} to={drill(asked, 'open', true)} value={writtenCount(of('open')?.total.counted ?? 0)} />
      <Card title={t.overdue} to={drill(asked, 'overdue', true)} value={lateShare === null ? null : t.share(lateShare)}>
        {late === undefined ? null : t.ofThem(writtenCount(late.counted), writtenCount(late.among))}
        <br />
        {t.goalOverdue}
        {lateShare === null ? null : ` · ${goal(lateShare <= MOST_OVERDUE)}`}
      </Card>
      <Card
        title={t.first}
        to={drill(asked, 'first_action', false)}
        value={first?.value == null ? null : t.days(first.value)}
      >
        {nine === undefined ? null : t.p90(nine)}
        <br />
        {t.goalFirst}
        {first?.value == null ? null : ` · ${goal(first.value <= MOST_DAYS)}`}
      </Card>
      <Card
        title={t.falseAlarm}
        to={drill(asked, 'false_alarm_share', false)}
        value={wrong?.value == null ? null : t.share(wrong.value)}
      >
        {wrong === undefined ? null : t.ofThem(writtenCount(wrong.counted), writtenCount(wrong.among))}
      </Card>
      <Card
        title={t.unassigned}
        to={drill(asked, 'unassigned', true)}
        value={writtenCount(of('unassigned')?.total.counted ?? 0)}
      >
        {t.nobody}
      </Card>
      <ScanCard />
    </ul>
  );
}

function drill(asked: Asked, figure: string, stock: boolean): string {
  return rowsOf({ figure, ...narrowedBy(asked, stock) });
}

type CardProps = { title: string; to: string; value: string | null; children?: ReactNode };

function Card({ title, to, value, children }: CardProps): ReactElement {
  const t = useWords(words);
  return (
    <li className="board-card">
      <h2>{title}</h2>
      <Link to={to} className="board-value" aria-label={`${t.drill(title)} ${value ?? ''}`}>
        {value ?? t.nothing}
      </Link>
      <p className="quiet">{children}</p>
    </li>
  );
}

const WELL = ['done', 'done_with_quarantine'];
const AT_WORK = ['running', 'requested'];

function ScanCard(): ReactElement {
  const t = useWords(words);
  const chosen = useStored(language);
  const { data } = useRuns();
  const scan = data?.find((one) => one.job === 'scan');
  const state = scan === undefined ? t.scanNever : t[standing(scan)];
  return (
    <li className="board-card">
      <h2>{t.scan}</h2>
      <Link to={paths.nights} className="board-value" aria-label={`${t.seeNights} ${state}`}>
        {state}
      </Link>
      <p className="quiet">
        {scan === undefined
          ? null
          : t.scanned(writtenDay(scan.as_of, chosen), writtenCount(Number(scan.counts.households ?? 0)))}
      </p>
    </li>
  );
}

/** A scan that went well is no comfort when it was not last night's. */
function standing({ status, as_of }: Schemas['RunOut']): 'scanWell' | 'scanOld' | 'scanRuns' | 'scanBad' {
  if (AT_WORK.includes(status)) return 'scanRuns';
  if (!WELL.includes(status)) return 'scanBad';
  return isRecent(as_of) ? 'scanWell' : 'scanOld';
}

function useRuns() {
  return useQuery({
    queryKey: ['runs'],
    queryFn: () => told(api.GET('/api/v1/runs', { params: { query: { limit: 200 } } })),
    staleTime: 60_000,
  });
}
