import type { ReactElement } from 'react';
import { useWords } from '../words/catalogue';
import { shared } from '../words/shared';

type Props = { label: string; value: string; options: [string, string][]; onChange: (next: string) => void };

/** One of a few, or all of them: the browser's own list, which every phone and every reader knows. */
export function Choice({ label, value, options, onChange }: Props): ReactElement {
  const t = useWords(shared);
  return (
    <label>
      {label}
      <select value={value} onChange={(event) => onChange(event.target.value)}>
        <option value="">{t.all}</option>
        {options.map(([key, said]) => (
          <option key={key} value={key}>
            {said}
          </option>
        ))}
      </select>
    </label>
  );
}
