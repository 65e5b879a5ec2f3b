import type { ReactElement } from 'react';
import { useWords } from '../words/catalogue';
import { shared } from '../words/shared';
import { Button } from './Button';

export type Line = { what: string; mine: string; theirs: string };
type Props = { lines: Line[]; onTheirs: () => void; onMine: () => void; busy?: boolean };

/** What I entered beside what is there now; nothing is lost until I decide. */
export function Conflict({ lines, onTheirs, onMine, busy = false }: Props): ReactElement {
  const t = useWords(shared);
  return (
    <section className="conflict" role="alert" aria-label={t.conflict}>
      <h2>{t.conflict}</h2>
      <p>{t.conflictHint}</p>
      <table className="plain-table">
        <thead>
          <tr>
            <td />
            <th scope="col">{t.mine}</th>
            <th scope="col">{t.theirs}</th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={line.what} className={line.mine === line.theirs ? '' : 'differs'}>
              <th scope="row">{line.what}</th>
              <td>{line.mine}</td>
              <td>{line.theirs}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <div className="row-of-buttons">
        <Button type="primary" loading={busy} onClick={onMine}>
          {t.keepMine}
        </Button>
        <Button onClick={onTheirs}>{t.takeTheirs}</Button>
      </div>
    </section>
  );
}
