import type { ReactElement } from 'react';
import { useState } from 'react';
import { Link } from 'react-router';
import paths from '../../../paths.json';
import { useMay, useSession } from '../../app/session';
import { useStored } from '../../app/store';
import { Failure } from '../../parts/Failure';
import { Skeleton } from '../../parts/ListState';
import { Level, Masked } from '../../parts/small';
import { work } from '../../parts/words-of-work';
import { cityToday, writtenDay } from '../../parts/written';
import { language, useWords } from '../../words/catalogue';
import { labelled } from '../../words/marks';
import { useWhat } from '../referrals/what';
import { words as referralWords } from '../referrals/words';
import { type Counted, countedAs, type Digest, type Named, type Sheet, useSheet } from './asked';
import { words } from './words';

/** In the order in which somebody must act. */
const COUNTED: Counted[] = [
  'escalate',
  'overdue',
  'remind',
  'referral_escalate',
  'referral_overdue',
  'referral_remind',
  'correction_escalate',
  'correction_overdue',
  'correction_remind',
];

/** The deadlines told on one day: how many of each kind; opened, each with its alert as it stands now. */
export function Told({ one }: { one: Digest }): ReactElement {
  const t = useWords(words);
  const chosen = useStored(language);
  const [open, setOpen] = useState(false);
  const counts = COUNTED.filter((kind) => (one.contents.counts[kind] ?? 0) > 0);
  return (
    <details className="notices-told" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary data-line>
        <b>{writtenDay(one.as_of, chosen)}</b> <span className="quiet">{useWhose(one)}</span>{' '}
        {counts.map((kind) => t.counted(t[kind], one.contents.counts[kind] ?? 0)).join(' · ')}
        {one.as_of === cityToday() ? <span className="badge">{t.today}</span> : null}
      </summary>
      {open ? <Opened id={one.id} /> : null}
    </details>
  );
}

/** Whose it is: mine, or of the region that is mine to assign in. */
function useWhose({ region, region_name }: Digest): string {
  const t = useWords(words);
  const mine = useSession().region;
  if (region_name !== '') return region_name;
  return region === mine && region.length === 2 ? t.nation : t.own;
}

function Opened({ id }: { id: string }): ReactElement {
  const t = useWords(words);
  const query = useSheet(id);
  if (query.error !== null) return <Failure error={query.error} what={t.list} onRetry={query.refetch} />;
  if (query.data === undefined) return <Skeleton />;
  return <List sheet={query.data} />;
}

/** A department's clerk is led to what was asked, everybody else to the alert that it is about. */
function List({ sheet }: { sheet: Sheet }): ReactElement {
  const may = useMay();
  return may('alert.read') ? <Alerts sheet={sheet} /> : <Asked sheet={sheet} />;
}

function Asked({ sheet }: { sheet: Sheet }): ReactElement {
  const t = useWords(words);
  const there = new Map(sheet.referrals.map((one) => [one.id, one]));
  return (
    <>
      <ul aria-label={t.listAsked}>
        {sheet.contents.referrals.map((one) => {
          const now = there.get(one.referral);
          return now === undefined ? null : <AskedLine key={countedAs(one) + one.referral} one={one} now={now} />;
        })}
      </ul>
      <LeftOut many={sheet.contents.left_out} />
    </>
  );
}

type AskedProps = { one: Sheet['contents']['referrals'][number]; now: Sheet['referrals'][number] };

function AskedLine({ one, now }: AskedProps): ReactElement {
  const t = useWords(words);
  const states = useWords(referralWords);
  return (
    <li className="notices-line">
      <b>{t[countedAs(one)]}</b>
      <Link to={`${paths.referrals}?referral=${now.id}`} data-line>
        {useWhat(now)}
      </Link>
      <Standing due={one.due_on} now={states[now.status]} />
    </li>
  );
}

/** By when it was to be done, and how it stands now. */
function Standing({ due, now }: { due: string; now: string }): ReactElement {
  const t = useWords(words);
  const chosen = useStored(language);
  return (
    <>
      <span>{t.due(writtenDay(due, chosen))}</span>
      <span>
        {labelled(t.now)}
        {now}
      </span>
    </>
  );
}

function LeftOut({ many }: { many: number }): ReactElement | null {
  const t = useWords(words);
  return many > 0 ? <p role="note">{t.leftOut(many)}</p> : null;
}

function Alerts({ sheet }: { sheet: Sheet }): ReactElement {
  const t = useWords(words);
  const { contents, alerts } = sheet;
  const there = new Map(alerts.map((one) => [one.id, one]));
  const named: Named[] = [...contents.alerts, ...contents.referrals];
  const gone = named.filter((one) => !there.has(one.alert)).length;
  return (
    <>
      <ul aria-label={t.list}>
        {named.map((one) => {
          const alert = there.get(one.alert);
          const key = countedAs(one) + ('referral' in one ? one.referral : one.alert);
          return alert === undefined ? null : <Line key={key} one={one} alert={alert} />;
        })}
      </ul>
      <LeftOut many={contents.left_out} />
      {gone > 0 ? <p role="note">{t.elsewhere(gone)}</p> : null}
    </>
  );
}

function Line({ one, alert }: { one: Named; alert: Sheet['alerts'][number] }): ReactElement {
  const t = useWords(words);
  const states = useWords(work);
  return (
    <li className="notices-line">
      <Level level={alert.level} />
      <b>{t[countedAs(one)]}</b>
      <Link to={paths.alert.replace(':id', alert.id)} data-line>
        <Masked text={alert.name} /> {alert.household_no}
      </Link>
      <span className="quiet">{alert.region_name}</span>
      <Standing due={one.due_on} now={states[alert.status]} />
    </li>
  );
}
