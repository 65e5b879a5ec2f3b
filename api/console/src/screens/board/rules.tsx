import type { ReactElement } from 'react';
import { Link } from 'react-router';
import { Heads } from '../../parts/Heads';
import { ListState } from '../../parts/ListState';
import { writtenCount } from '../../parts/written';
import { useWords } from '../../words/catalogue';
import { type Asked, type Cell, leastSure, narrowedBy, rowsOf, useSplit } from './asked';
import { useRuleNames } from './names';
import { words } from './words';

const FIGURES = ['raised', 'confirmed_share', 'false_alarm_share'] as const;

/** What came of each rule: how often it was behind an alert, and what was found there. */
export function Rules({ asked }: { asked: Asked }): ReactElement | null {
  const t = useWords(words);
  const [raised, confirmed, wrong] = useSplit(asked, FIGURES, 'rule');
  const named = useRuleNames();
  if (raised === undefined || confirmed === undefined || wrong === undefined) return null;
  const whole = confirmed.data !== undefined && wrong.data !== undefined;
  const cells = [...(raised.data?.cells ?? [])].sort((one, other) => other.counted - one.counted);
  const found = (cells: Cell[] | undefined, key: string | null) => cells?.find((cell) => cell.key === key);
  return (
    <section>
      <h2>{t.rules}</h2>
      <ListState
        query={leastSure(raised, confirmed, wrong)}
        what={t.rules}
        count={whole ? cells.length : 0}
        nothing={<p>{t.noRules}</p>}
      >
        <p className="quiet">{t.rulesHint}</p>
        <div className="board-wide">
          <table className="plain-table">
            <Heads titles={[t.rule, [t.hits], [t.settled], [t.confirmed], [t.falseAlarm]]} />
            <tbody>
              {cells.map((cell) => {
                const said = { by: 'rule', key: cell.key ?? '-', ...narrowedBy(asked, false) };
                const right = found(confirmed.data?.cells, cell.key);
                return (
                  <tr key={cell.key}>
                    <th scope="row">{named(cell.key ?? '-')}</th>
                    <td className="number">
                      <Link to={rowsOf({ figure: 'raised', ...said })}>{writtenCount(cell.counted)}</Link>
                    </td>
                    <td className="number">{right?.among == null ? t.nothing : writtenCount(right.among)}</td>
                    <Share cell={right} to={rowsOf({ figure: 'confirmed_share', ...said })} />
                    <Share
                      cell={found(wrong.data?.cells, cell.key)}
                      to={rowsOf({ figure: 'false_alarm_share', ...said })}
                    />
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      </ListState>
    </section>
  );
}

function Share({ cell, to }: { cell: Cell | undefined; to: string }): ReactElement {
  const t = useWords(words);
  return <td className="number">{cell?.value == null ? t.nothing : <Link to={to}>{t.share(cell.value)}</Link>}</td>;
}
