import type { ReactElement } from 'react';
import { work } from '../../parts/words-of-work';
import { useWords } from '../../words/catalogue';
import { GROUPS, type Narrowing, useCounts } from './asked';
import { words } from './words';

/** How many wait in each group of urgency, which of those searched for is not known; a group can be shown alone. */
export function Groups({ narrowing, text }: { narrowing: Narrowing; text: string }): ReactElement {
  const t = useWords(words);
  const states = useWords(work);
  const { data } = useCounts(narrowing.narrow);
  const chosen = narrowing.narrow.group ?? '';
  return (
    <fieldset className="groups" aria-label={t.groups}>
      <button type="button" aria-pressed={chosen === ''} onClick={() => narrowing.set('group', '')}>
        {t.everything}
      </button>
      {GROUPS.map((group) => (
        <button
          key={group}
          type="button"
          aria-pressed={chosen === group}
          className={`group-${group}`}
          onClick={() => narrowing.set('group', chosen === group ? '' : group)}
        >
          {states[group]} {text === '' ? data?.[group] : ''}
        </button>
      ))}
    </fieldset>
  );
}
