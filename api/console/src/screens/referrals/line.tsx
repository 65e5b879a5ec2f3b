import type { ReactElement } from 'react';
import { useStored } from '../../app/store';
import { cityToday, writtenDay } from '../../parts/written';
import { language, useWords } from '../../words/catalogue';
import type { Referral } from './asked';
import { One } from './one';
import { useWhat } from './what';
import { words } from './words';

const DAY_MS = 86_400_000;

type Props = { one: Referral; open: boolean; onToggle: () => void };

/** One referral as a line: what, where to, how it stands, by when; open, all that is needed to answer it. */
export function Line({ one, open, onToggle }: Props): ReactElement {
  const t = useWords(words);
  const what = useWhat(one);
  const chosen = useStored(language);
  return (
    <li>
      <button type="button" className="referral-line" data-line aria-expanded={open} onClick={onToggle}>
        <b>{what}</b>
        <span>{called(one.department, t)}</span>
        <span>{t[one.status]}</span>
        <span>{t.due(writtenDay(one.due_on, chosen))}</span>
        <Due on={one.due_on} />
      </button>
      {open ? <One id={one.id} /> : null}
    </li>
  );
}

/** A department by its name where the words know it, else as it was written. */
export function called(department: string, t: { human_resources: string }): string {
  return department === 'human_resources' ? t.human_resources : department;
}

/** How late or how far off, in words: never by colour alone. */
function Due({ on }: { on: string }): ReactElement {
  const t = useWords(words);
  const left = Math.round((Date.parse(on) - Date.parse(cityToday())) / DAY_MS);
  if (left < 0) return <span className="late">{t.lateBy(-left)}</span>;
  return <span>{left === 0 ? t.dueToday : t.daysLeft(left)}</span>;
}
