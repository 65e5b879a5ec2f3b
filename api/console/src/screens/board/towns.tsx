import type { ReactElement } from 'react';
import { useMemo } from 'react';
import { Link } from 'react-router';
import { Figure } from '../../parts/Figure';
import { Heads } from '../../parts/Heads';
import { ListState } from '../../parts/ListState';
import { useNarrow } from '../../parts/narrow';
import { writtenCount } from '../../parts/written';
import { useWords } from '../../words/catalogue';
import { type Asked, type Cell, leastSure, rowsOf, useSplit } from './asked';
import { words } from './words';

const MOST = 12;
const MOST_NARROW = 6;
type Line = { key: string; name: string; short: string; open: number; late: number | null };

/** 芜湖市镜湖区柳山街道 is 柳山街道: what stands above it is the same for its neighbours. */
function shortOf(name: string): string {
  return name.replace(/^.*[市区县](?=.{2,})/, '');
}

/** Open alerts of each township, the overdue among them apart. */
export function Towns({ asked, onOnly }: { asked: Asked; onOnly: (region: string) => void }): ReactElement | null {
  const t = useWords(words);
  const [open, late] = useSplit(asked, ['open', 'overdue'], 'town');
  const lines = useMemo(
    () => linesOf(open?.data?.cells ?? [], late?.data?.cells ?? []),
    [open?.data?.cells, late?.data?.cells],
  );
  if (open === undefined || late === undefined) return null;
  return (
    <section>
      <h2>{t.towns}</h2>
      <ListState
        query={leastSure(open, late)}
        what={t.towns}
        count={late.data === undefined ? 0 : lines.length}
        nothing={<p>{t.noTowns}</p>}
      >
        <TownsFigure lines={lines} asked={asked} onOnly={onOnly} />
      </ListState>
    </section>
  );
}

/** Two townships of one name are told apart by their county: 镜湖区柳渡街道. */
function withCounty(name: string): string {
  return name.replace(/^.*市(?=.+[市区县].{2,})/, '');
}

function linesOf(open: Cell[], late: Cell[]): Line[] {
  const overdue = new Map(late.map((cell) => [cell.key, cell.counted]));
  const names = open.map((cell) => cell.name ?? cell.key ?? '—');
  const alike = (name: string): boolean => names.filter((one) => shortOf(one) === shortOf(name)).length > 1;
  return open
    .map((cell, at) => ({
      key: cell.key ?? '-',
      name: names[at] ?? '—',
      short: alike(names[at] ?? '') ? withCounty(names[at] ?? '') : shortOf(names[at] ?? '—'),
      open: cell.counted,
      late: overdue.get(cell.key) ?? null,
    }))
    .sort((one, other) => other.open - one.open || one.key.localeCompare(other.key));
}

type Props = { lines: Line[]; asked: Asked; onOnly: (region: string) => void };

function TownsFigure({ lines, asked, onOnly }: Props): ReactElement {
  const t = useWords(words);
  const narrow = useNarrow();
  const most = narrow ? MOST_NARROW : MOST;
  const shown = useMemo(() => lines.slice(0, most), [lines, most]);
  const all = lines.reduce((sum, line) => sum + line.open, 0);
  const top = lines[0];
  const option = useMemo(
    () => ({
      grid: { left: 48, right: 16, top: 36, bottom: 64 },
      legend: { top: 0 },
      aria: { enabled: true, decal: { show: true } },
      xAxis: { type: 'category', data: shown.map((line) => line.short), axisLabel: { interval: 0, rotate: 30 } },
      yAxis: { type: 'value', minInterval: 1 },
      series: [
        { name: t.openLate, type: 'bar', stack: 'a', color: '#a8071a', data: shown.map((line) => line.late) },
        {
          name: t.openOnTime,
          type: 'bar',
          stack: 'a',
          color: '#4a78d0',
          data: shown.map((line) => (line.late === null ? null : line.open - line.late)),
        },
      ],
    }),
    [shown, t],
  );
  const sentence = t.townsSaid(lines.length, writtenCount(all), top?.name ?? '', writtenCount(top?.open ?? 0));
  return (
    <Figure
      sentence={lines.length > most ? sentence + t.mostShown(most) : sentence}
      option={option}
      table={<TownTable lines={lines} asked={asked} onOnly={onOnly} />}
    />
  );
}

function TownTable({ lines, asked, onOnly }: Props): ReactElement {
  const t = useWords(words);
  const region = asked.region === '' ? {} : { region: asked.region };
  const rows = (figure: string, key: string) => rowsOf({ figure, by: 'town', key, ...region });
  return (
    <div className="board-wide">
      <table className="plain-table">
        <Heads titles={[t.town, [t.open], [t.openLate], [t.lateShare]]} />
        <tbody>
          {lines.map((line) => (
            <tr key={line.key}>
              <th scope="row">
                <button type="button" className="linkish" onClick={() => onOnly(line.key)}>
                  {line.name}
                </button>
              </th>
              <td className="number">
                <Link to={rows('open', line.key)}>{writtenCount(line.open)}</Link>
              </td>
              <td className="number">
                {line.late === null ? t.nothing : <Link to={rows('overdue', line.key)}>{writtenCount(line.late)}</Link>}
              </td>
              <td className="number">
                {line.late === null || line.open === 0 ? t.nothing : t.share(line.late / line.open)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
