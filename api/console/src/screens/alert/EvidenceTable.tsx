import type { ReactElement } from 'react';
import { Heads } from '../../parts/Heads';
import { writtenMoney } from '../../parts/written';
import { useWords } from '../../words/catalogue';
import { type Alert, type Correction, type Evidence, useCorrections, useFeeds } from './asked';
import { corrections } from './correction-words';
import { useFeedNames } from './Why';
import { words } from './words';

type EvidenceProps = { alert: Alert; onWrong: (row: Evidence) => void };

/** The rows behind the reasons; a row that is wrong can be said to be so, and is then marked while it is checked. */
export function EvidenceTable({ alert, onWrong }: EvidenceProps): ReactElement {
  const t = useWords(words);
  const rows = distinct(alert.reasons.flatMap((one) => one.evidence.map((row) => ({ ...row, state: one.status }))));
  return (
    <section aria-labelledby="evidence">
      <h2 id="evidence">{t.evidence}</h2>
      {rows.length === 0 ? <p>{t.noEvidence}</p> : <EvidenceRows alert={alert.id} rows={rows} onWrong={onWrong} />}
    </section>
  );
}

type RowsProps = { alert: string; rows: Evidence[]; onWrong: (row: Evidence) => void };

function EvidenceRows({ alert, rows, onWrong }: RowsProps): ReactElement {
  const t = useWords(words);
  const asked = (useCorrections(alert).data ?? []).filter((one) => one.ended_at === null);
  const disputed = disagreeing(rows);
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
      <section className="scrolled" tabIndex={0} aria-label={t.evidenceRows}>
        <table className="plain-table">
          <Heads titles={[t.item, [t.amount], t.agency, t.on, t.receivedOn, t.state, t.batch, t.member, t.wrong]} />
          <tbody>
            {rows.map((row) => (
              <EvidenceRow
                key={keyOf(row)}
                row={row}
                disputed={disputed.has(aboutOf(row))}
                asked={asked.some((one) => isOf(one, row))}
                onWrong={onWrong}
              />
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

function isOf(one: Correction, row: Evidence): boolean {
  return one.feed === row.feed && one.delivery_seq === row.delivery && one.row_no === row.row;
}

/** A row that stands for one reason stands, whatever became of another. */
function distinct(rows: Evidence[]): Evidence[] {
  const standing = [...rows].sort((one, other) => Number(other.state === 'active') - Number(one.state === 'active'));
  const found = new Map<string, Evidence>();
  for (const row of standing) if (!found.has(keyOf(row))) found.set(keyOf(row), row);
  return Array.from(found.values());
}

function aboutOf(row: Evidence): string {
  return `${row.feed} ${row.member} ${row.on}`;
}

/** Where two deliveries of one feed say different amounts of the same member on the same day. */
export function disagreeing(rows: Evidence[]): Set<string> {
  const said = new Map<string, Evidence>();
  const found = new Set<string>();
  for (const row of rows) {
    if (row.amount === null || row.on === null || row.member === null) continue;
    const other = said.get(aboutOf(row));
    if (other === undefined) said.set(aboutOf(row), row);
    else if (other.amount !== row.amount && other.delivery !== row.delivery) found.add(aboutOf(row));
  }
  return found;
}

type RowProps = { row: Evidence; disputed: boolean; asked: boolean; onWrong: (row: Evidence) => void };

function EvidenceRow({ row, disputed, asked, onWrong }: RowProps): ReactElement {
  const t = useWords(words);
  const correcting = useWords(corrections);
  const named = useFeedNames();
  const { data } = useFeeds();
  const agency = data?.find((one) => one.feed === row.feed)?.agency ?? '—';
  const batch = `${row.delivery}·${row.row}`;
  const state = t[`row_${row.state}` as 'row_active'];
  return (
    <tr>
      <th scope="row">{named(row.feed)}</th>
      <td className="number">
        <Amount row={row} />
      </td>
      <td>{agency}</td>
      <td>{row.on ?? '—'}</td>
      <td>{row.received_on ?? '—'}</td>
      <td>
        {state}
        {disputed ? <b className="late"> · {t.disagrees}</b> : null}
      </td>
      <td>{batch}</td>
      <td>{row.member === null ? '—' : t.memberNo(row.member)}</td>
      <td>
        {asked ? (
          correcting.asked
        ) : (
          <button type="button" className="linkish" onClick={() => onWrong(row)}>
            {t.wrong}
          </button>
        )}
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
