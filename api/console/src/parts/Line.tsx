import type { ReactElement } from 'react';
import { useId } from 'react';

type Props = {
  label: string;
  value: string;
  onText: (text: string) => void;
  most?: number;
  type?: 'text' | 'number';
};

/** A short text or number with its label before it, as in a row of fields. */
export function Line({ label, value, onText, most = 200, type = 'text' }: Props): ReactElement {
  const id = useId();
  return (
    <span className="choice">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type={type}
        min={0}
        max={type === 'number' ? most : undefined}
        maxLength={type === 'text' ? most : undefined}
        value={value}
        onChange={(event) => onText(event.target.value)}
      />
    </span>
  );
}
