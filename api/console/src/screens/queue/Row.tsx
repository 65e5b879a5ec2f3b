import type { ReactElement } from 'react';
import { Link } from 'react-router';
import { useStored } from '../../app/store';
import { Level } from '../../parts/small';
import { work } from '../../parts/words-of-work';
import { useServed, useWords } from '../../words/catalogue';
import { labelled } from '../../words/marks';
import type { Brief } from './asked';
import { type Column, columns } from './columns';
import { words } from './words';

export type RowProps = {
  one: Brief;
  current: boolean;
  selected: boolean;
  to: string;
  onSelect: (range: boolean) => void;
};

/** One alert as a line: who, where, why, how urgent, whose, what was last noted. */
export function Row({ one, current, selected, to, onSelect }: RowProps): ReactElement {
  const t = useWords(words);
  const shown = useStored(columns);
  const cell = (column: Column, made: ReactElement): ReactElement | null => (shown.includes(column) ? made : null);
  return (
    <div className={`queue-row${current ? ' queue-current' : ''}${selected ? ' queue-selected' : ''}`}>
      <input
        type="checkbox"
        aria-label={t.select(one.name, one.household_no)}
        checked={selected}
        onChange={(event) => onSelect((event.nativeEvent as MouseEvent).shiftKey)}
      />
      <Level level={one.level} />
      <Link to={to} className="queue-who" data-alert={one.id} aria-current={current ? 'true' : undefined}>
        <b>{one.name}</b> <span className="masked">{one.household_no}</span>
      </Link>
      {cell('id', <span className="queue-id masked">{one.id_masked}</span>)}
      {cell('region', <span className="queue-region">{shortName(one.region_name)}</span>)}
      {cell('reason', <Reason one={one} />)}
      {cell('due', <Due one={one} />)}
      {cell('owner', <span className="queue-owner">{one.owner_name ?? t.unassigned}</span>)}
      {cell('note', <Note one={one} />)}
    </div>
  );
}

/** A village's name is told by its last parts; the whole name is in the alert. */
function shortName(name: string): string {
  const found = /(?:市|区|县)([^市区县]+(?:街道|镇|乡).*)$/.exec(name);
  return found?.[1] ?? name;
}

function Reason({ one }: { one: Brief }): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const more = one.rules.length - 1;
  return (
    <span className="queue-reason">
      {one.rules.includes('audit_sample') ? <span className="tag">{t.sample}</span> : null}
      {one.recurring ? <span className="tag">{t.again}</span> : null}
      <span className="queue-sentence">{served(one.sentence_zh, one.sentence_en)}</span>
      {more > 0 ? <span className="quiet"> {t.plus(more)}</span> : null}
    </span>
  );
}

/** The working days left in words: lateness is never told by colour alone. */
function Due({ one }: { one: Brief }): ReactElement {
  const t = useWords(words);
  const states = useWords(work);
  const left = one.days_left;
  if (one.paused_until !== null) return <span className="queue-due">{t.pausedUntil(one.paused_until)}</span>;
  if (left === null) return <span className="queue-due">{one.due_on ?? states[one.status]}</span>;
  const said = left < 0 ? t.lateBy(-left) : left === 0 ? t.dueToday : t.left(left);
  return <span className={`queue-due${left < 0 ? ' late' : ''}`}>{said}</span>;
}

function Note({ one }: { one: Brief }): ReactElement {
  const { note } = one;
  if (note === null) return <span className="queue-note" />;
  return (
    <span className="queue-note" title={note.text}>
      “{note.on.slice(5)} {labelled(note.by)}
      {note.text}”
    </span>
  );
}
