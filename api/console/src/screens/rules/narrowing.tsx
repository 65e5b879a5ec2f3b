import type { ReactElement, RefObject } from 'react';
import { Choice } from '../../parts/Choice';
import { useWords } from '../../words/catalogue';
import { shared } from '../../words/shared';
import type { Filters } from './asked';
import { words } from './words';

const DIRECTIONS = ['help', 'leave', 'check'] as const;
const LEVELS = ['red', 'orange', 'yellow', 'blue'] as const;
type Props = { filters: Filters; onChange: (next: Filters) => void; find: RefObject<HTMLInputElement | null> };

/** What the rules are narrowed to; looked for as one types, but not while an input method composes. */
export function Narrowing({ filters, onChange, find }: Props): ReactElement {
  const t = useWords(words);
  const s = useWords(shared);
  return (
    <search className="narrowing">
      <label>
        {s.search}
        <input
          ref={find}
          type="search"
          placeholder={t.find}
          value={filters.text}
          onChange={(event) => onChange({ ...filters, text: event.target.value })}
        />
      </label>
      <Choice
        label={t.direction}
        value={filters.direction}
        options={DIRECTIONS.map((one) => [one, t[one]])}
        onChange={(direction) => onChange({ ...filters, direction })}
      />
      <Choice
        label={t.level}
        value={filters.level}
        options={LEVELS.map((one) => [one, s[one]])}
        onChange={(level) => onChange({ ...filters, level })}
      />
      <label className="tick">
        <input
          type="checkbox"
          checked={filters.samples}
          onChange={(event) => onChange({ ...filters, samples: event.target.checked })}
        />
        {t.onlySamples}
      </label>
    </search>
  );
}
