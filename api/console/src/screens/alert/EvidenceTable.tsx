import type { ReactElement } from 'react';
import { Heads } from '../../parts/Heads';
import { writtenMoney } from '../../parts/written';
import { useWords } from '../../words/catalogue';
import { type Alert, type Evidence, useFeeds } from './asked';
import { useFeedNames } from './Why';
import { words } from './words';

type EvidenceProps = { alert: Alert; onWrong: (text: string) => void };

/** The rows behind the reasons; what is wrong in them can be said in a note that names the row. */
export function EvidenceTable({ alert, onWrong }: EvidenceProps): ReactElement {
  const t = useWords(words);
  const rows = distinct(alert.reasons.flatMap((one) => one.evidence.map((row) => ({ ...row, state: one.status }))));
  return (
    <section aria-labelledby="evidence">
      <h2 id="evidence">{t.evidence}</h2>
      {rows.length === 0 ? <p>{t.noEvidence}</p> : <EvidenceRows rows={rows} onWrong={onWrong} />}
    </section>
  );
}

function EvidenceRows({ rows, onWrong }: { rows: Evidence[]; onWrong: (text: string) => void }): ReactElement {
  const t = useWords(words);
  const disputed = disagreeing(rows);
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
      <section className="scrolled" tabIndex={0} aria-label={t.evidenceRows}>
        <table className="plain-table">
          <Heads titles={[t.item, [t.amount], t.agency, t.on, t.receivedOn, t.state, t.batch, t.member, t.wrong]} />
          <tbody>
            {rows.map((row) => (
              <EvidenceRow key={keyOf(row)} row={row} disputed={disputed.has(aboutOf(row))} onWrong={onWrong} />
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

type RowProps = { row: Evidence; disputed: boolean; onWrong: (text: string) => void };

function EvidenceRow({ row, disputed, onWrong }: RowProps): ReactElement {
  const t = useWords(words);
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
