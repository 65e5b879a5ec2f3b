import type { ReactElement } from 'react';
import { Failure } from '../../parts/Failure';
import { Skeleton } from '../../parts/ListState';
import { work } from '../../parts/words-of-work';
import { writtenMoney } from '../../parts/written';
import { useServed, useWords } from '../../words/catalogue';
import { type Alert, type Evidence, useFeeds, useTimeline } from './asked';
import { useFeedNames } from './Why';
import { words } from './words';

type EvidenceProps = { alert: Alert; onWrong: (text: string) => void };

/** The rows behind the reasons; what is wrong in them can be said in a note that names the row. */
export function EvidenceTable({ alert, onWrong }: EvidenceProps): ReactElement {
  const t = useWords(words);
  const rows = distinct(alert.reasons.flatMap((one) => one.evidence as unknown as Evidence[]));
  return (
    <section aria-labelledby="evidence">
      <h2 id="evidence">{t.evidence}</h2>
      {rows.length === 0 ? <p>{t.noEvidence}</p> : <EvidenceRows rows={rows} onWrong={onWrong} />}
    </section>
  );
}

function EvidenceRows({ rows, onWrong }: { rows: Evidence[]; onWrong: (text: string) => void }): ReactElement {
  const t = useWords(words);
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
      <section className="scrolled" tabIndex={0} aria-label={t.evidenceRows}>
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">{t.item}</th>
              <th scope="col" className="number">
                {t.amount}
              </th>
              <th scope="col">{t.agency}</th>
              <th scope="col">{t.on}</th>
              <th scope="col">{t.batch}</th>
              <th scope="col">{t.member}</th>
              <th scope="col">{t.wrong}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <EvidenceRow key={keyOf(row)} row={row} onWrong={onWrong} />
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}

function keyOf(row: Evidence): string {
  return `${row.feed} ${row.delivery} ${row.row} ${row.member}`;
}

function distinct(rows: Evidence[]): Evidence[] {
  return Array.from(new Map(rows.map((row) => [keyOf(row), row])).values());
}

function EvidenceRow({ row, onWrong }: { row: Evidence; onWrong: (text: string) => void }): ReactElement {
  const t = useWords(words);
  const named = useFeedNames();
  const { data } = useFeeds();
  const agency = data?.find((one) => one.feed === row.feed)?.agency ?? '—';
  const batch = `${row.delivery}·${row.row}`;
  return (
    <tr>
      <th scope="row">{named(row.feed)}</th>
      <td className="number">
        <Amount row={row} />
      </td>
      <td>{agency}</td>
      <td>{row.on ?? '—'}</td>
      <td>{batch}</td>
      <td>{row.member === null ? '—' : t.memberNo(row.member)}</td>
      <td>
        <button type="button" className="linkish" onClick={() => onWrong(t.wrongNote(named(row.feed), batch))}>
          {t.wrong}
        </button>
      </td>
    </tr>
  );
}

/** What a row amounts to, in its own unit: a home is measured, electricity and months in arrears are only counted. */
function Amount({ row }: { row: Evidence }): ReactElement {
  const t = useWords(words);
  if (row.amount === null) return <>—</>;
  const written = writtenMoney(row.amount, true);
  if (row.feed === 'real_estate') return <>{t.area(written)}</>;
  return <>{row.feed === 'utilities' ? written : t.yuan(written)}</>;
}

// GB/T 4761, by the first of its two digits; 01 and 02 are the head.
const RELATIONS: Record<string, [string, string]> = {
  0: ['户主', 'head'],
  1: ['配偶', 'spouse'],
  2: ['子', 'son'],
  3: ['女', 'daughter'],
  4: ['孙子女', 'grandchild'],
  5: ['父母', 'parent'],
  6: ['祖父母', 'grandparent'],
  7: ['兄弟姐妹', 'sibling'],
  8: ['其他', 'other'],
};

export function useRelation(): (code: string | null) => string {
  const served = useServed();
  return (code) => {
    const found = code === null ? undefined : RELATIONS[code.charAt(0)];
    return found === undefined ? '—' : served(...found);
  };
}

/** Who belongs to the household, and the category of help it is in. */
export function Members({ alert }: { alert: Alert }): ReactElement {
  const t = useWords(words);
  const states = useWords(work);
  const relation = useRelation();
  const category = alert.category as keyof typeof states | null;
  return (
    <section aria-labelledby="members">
      <h2 id="members">{t.members}</h2>
      <p>
        {t.category}：{category === null ? '—' : (states[category] ?? category)}
      </p>
      <ul>
        {alert.members.map((one) => (
          <li key={one.place}>
            {t.memberNo(one.place)} · {relation(one.relation)} · <b>{one.name}</b>
            {one.sex === '1' ? ` · ${t.male}` : one.sex === '2' ? ` · ${t.female}` : ''}
            {one.born_in === null ? '' : ` · ${t.bornIn(one.born_in)}`}
          </li>
        ))}
      </ul>
    </section>
  );
}

const SHOWN_AT_FIRST = 12;

/** Everything that happened to the household, the newest first. */
export function Timeline({ household }: { household: string }): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const query = useTimeline(household);
  const entries = query.data?.entries ?? [];
  return (
    <section aria-labelledby="timeline">
      <h2 id="timeline">{t.timeline}</h2>
      {query.isPending ? <Skeleton lines={3} /> : null}
      {query.error === null ? null : <Failure error={query.error} what={t.timeline} onRetry={query.refetch} />}
      <ol className="timeline">
        {entries.slice(0, SHOWN_AT_FIRST).map((one) => (
          <li key={`${one.kind}${one.subject}${one.at ?? one.on}`}>
            <time dateTime={one.on}>{one.on}</time> {served(one.zh, one.en)}
            {one.by === null ? null : <span className="quiet"> · {one.by === 'system' ? t.system : t.by(one.by)}</span>}
          </li>
        ))}
      </ol>
    </section>
  );
}
