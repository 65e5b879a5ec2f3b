import type { ReactElement } from 'react';
import { useId } from 'react';
import { useStored } from '../app/store';
import { language } from '../words/catalogue';
import { writtenDay } from './written';

type Props = { label: string; value: string; onDay: (day: string) => void; min?: string; max?: string };

/** A day by the browser's own control, and beside it as people here write it: some browsers put the month first. */
export function DayField({ label, value, onDay, min, max }: Props): ReactElement {
  const id = useId();
  const chosen = useStored(language);
  return (
    <span className="choice day-field">
      <label htmlFor={id}>{label}</label>
      <input id={id} type="date" min={min} max={max} value={value} onChange={(event) => onDay(event.target.value)} />
      <span>{value === '' ? '' : writtenDay(value, chosen)}</span>
    </span>
  );
}
