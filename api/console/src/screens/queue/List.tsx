import { useVirtualizer } from '@tanstack/react-virtual';
import type { ReactElement } from 'react';
import { useEffect, useMemo, useRef } from 'react';
import { useNarrow } from '../../parts/narrow';
import { work } from '../../parts/words-of-work';
import { useWords } from '../../words/catalogue';
import type { Brief } from './asked';
import type { Picked } from './picked';
import { Row } from './Row';
import { words } from './words';

type Props = {
  items: Brief[];
  at: number;
  picked: Picked;
  to: (one: Brief) => string;
  /** There is more on the server. */
  more: boolean;
  loading: boolean;
  onMore: () => void;
};

type Line = { heading: string } | { one: Brief; index: number };
const DESK = 42;
const PHONE = 96;
const HEADING = 34;
const AHEAD = 15;

/** The lines of the queue under the headings of their urgency; of thousands only those in sight are drawn. */
export function List(props: Props): ReactElement {
  const { items, at, picked, more, loading, onMore } = props;
  const t = useWords(words);
  const states = useWords(work);
  const narrow = useNarrow();
  const box = useRef<HTMLDivElement>(null);
  const lines = useMemo(() => grouped(items), [items]);
  const drawn = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: (index) => ('heading' in (lines[index] ?? { heading: '' }) ? HEADING : narrow ? PHONE : DESK),
    overscan: 12,
  });
  const shown = drawn.getVirtualItems();
  const last = shown[shown.length - 1]?.index ?? 0;
  useEffect(() => {
    if (more && !loading && last >= lines.length - AHEAD) onMore();
  }, [more, loading, last, lines.length, onMore]);
  useFollowing(lines, at, drawn, box);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
    <section className="queue-box" ref={box} tabIndex={0} aria-label={t.alerts}>
      <div className="queue-lines" style={{ height: drawn.getTotalSize() }}>
        {shown.map((place) => {
          const line = lines[place.index];
          if (line === undefined) return null;
          return (
            <div
              key={place.key}
              data-index={place.index}
              className="queue-line"
              style={{ height: place.size, transform: `translateY(${place.start}px)` }}
            >
              {'heading' in line ? (
                <h2 className={`queue-heading queue-${line.heading}`}>{headed(line.heading, states)}</h2>
              ) : (
                <Row
                  one={line.one}
                  current={line.index === at}
                  selected={picked.ids.has(line.one.id)}
                  to={props.to(line.one)}
                  onSelect={(range) => picked.toggle(line.index, range)}
                />
              )}
            </div>
          );
        })}
      </div>
      <p className="quiet queue-end" role="status">
        {loading ? t.loadingMore : more ? '' : t.end}
      </p>
    </section>
  );
}

function headed(group: string, states: Record<string, unknown>): string {
  const found = states[group];
  return typeof found === 'string' ? found : group;
}

function grouped(items: Brief[]): Line[] {
  const lines: Line[] = [];
  let before: string | undefined;
  items.forEach((one, index) => {
    const group = one.urgency ?? 'closed';
    if (group !== before) lines.push({ heading: group });
    before = group;
    lines.push({ one, index });
  });
  return lines;
}

type Drawn = { scrollToIndex: (index: number, how: { align: 'auto' }) => void };

/** The line that the keys have reached is scrolled into sight and given the focus. */
function useFollowing(lines: Line[], at: number, drawn: Drawn, box: { current: HTMLDivElement | null }): void {
  const before = useRef(at);
  useEffect(() => {
    if (before.current === at || at < 0) return;
    before.current = at;
    const index = lines.findIndex((line) => 'index' in line && line.index === at);
    if (index < 0) return;
    drawn.scrollToIndex(index, { align: 'auto' });
    requestAnimationFrame(() => {
      box.current?.querySelector<HTMLElement>(`[data-index="${index}"] a`)?.focus({ preventScroll: true });
    });
  }, [lines, at, drawn, box]);
}
