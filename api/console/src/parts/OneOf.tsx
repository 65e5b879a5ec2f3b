import type { ReactElement } from 'react';
import { useId } from 'react';

export type Option = { value: string; text: string };
type Props = {
  label: string;
  value: string;
  options: readonly Option[];
  onChoose: (value: string) => void;
  /** What stands for no choice; without it one must be chosen. */
  none?: string;
};

/** One of a few, by the browser's own control: light, known to every keyboard and screen reader. */
export function OneOf({ label, value, options, onChoose, none }: Props): ReactElement {
  const id = useId();
  return (
    <span className="choice">
      <label htmlFor={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onChoose(event.target.value)}>
        {none === undefined ? null : <option value="">{none}</option>}
        {options.map((one) => (
          <option key={one.value} value={one.value}>
            {one.text}
          </option>
        ))}
      </select>
    </span>
  );
}
