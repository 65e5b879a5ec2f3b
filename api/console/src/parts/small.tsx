import type { ReactElement } from 'react';
import { useStored } from '../app/store';
import { language, useWords } from '../words/catalogue';
import { shared } from '../words/shared';
import { writtenDay, writtenInstant, writtenMoney } from './written';

export type LevelName = 'red' | 'orange' | 'yellow' | 'blue';

/** A level in words, with its colour beside: colour never stands alone. */
export function Level({ level }: { level: LevelName }): ReactElement {
  const t = useWords(shared);
  return <span className={`level level-${level}`}>{t[level]}</span>;
}

export function Day({ day }: { day: string }): ReactElement {
  const chosen = useStored(language);
  return <time dateTime={day}>{writtenDay(day, chosen)}</time>;
}

export function Instant({ at }: { at: string }): ReactElement {
  return <time dateTime={at}>{writtenInstant(at)}</time>;
}

export function Money({ yuan, cents = false }: { yuan: number; cents?: boolean }): ReactElement {
  const t = useWords(shared);
  return (
    <span className="money">
      {writtenMoney(yuan, cents)} {t.yuan}
    </span>
  );
}

/** A masked number or name, in letters of one width so that lines can be compared. */
export function Masked({ text }: { text: string }): ReactElement {
  return <span className="masked">{text}</span>;
}
