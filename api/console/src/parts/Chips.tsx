import type { ReactElement } from 'react';
import './chips.css';

export type Choice = { value: string; label: string };
type Props = { legend: string; name: string; choices: Choice[]; required?: boolean };

/** One of a few, each a button as large as a thumb. */
export function One(props: Props & { chosen: string; onChoose: (value: string) => void }): ReactElement {
  const { legend, name, choices, chosen, onChoose, required = false } = props;
  return (
    <fieldset className="chips">
      <legend>{required ? `${legend} *` : legend}</legend>
      {choices.map((one) => (
        <label key={one.value} className={one.value === chosen ? 'chip chip-on' : 'chip'}>
          <input
            type="radio"
            name={name}
            value={one.value}
            checked={one.value === chosen}
            onChange={() => onChoose(one.value)}
          />
          {one.label}
        </label>
      ))}
    </fieldset>
  );
}

/** Any of a few. */
export function Some(props: Props & { chosen: string[]; onChoose: (values: string[]) => void }): ReactElement {
  const { legend, name, choices, chosen, onChoose } = props;
  const flip = (value: string): void => {
    onChoose(chosen.includes(value) ? chosen.filter((one) => one !== value) : [...chosen, value]);
  };
  return (
    <fieldset className="chips">
      <legend>{legend}</legend>
      {choices.map((one) => (
        <label key={one.value} className={chosen.includes(one.value) ? 'chip chip-on' : 'chip'}>
          <input type="checkbox" name={name} checked={chosen.includes(one.value)} onChange={() => flip(one.value)} />
          {one.label}
        </label>
      ))}
    </fieldset>
  );
}
