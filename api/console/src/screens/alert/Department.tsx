import type { ReactElement } from 'react';
import { useId } from 'react';
import { useWords } from '../../words/catalogue';
import { useDepartments } from './asked';
import { words } from './words';

type Props = { label: string; value: string; onDepartment: (name: string) => void };

/** A department by name; one without a clerk here would see nothing of it, which is said. */
export function Department({ label, value, onDepartment }: Props): ReactElement {
  const t = useWords(words);
  const id = useId();
  const { data } = useDepartments();
  const typed = value.trim();
  return (
    <>
      <span className="choice">
        <label htmlFor={`${id}d`}>{label}</label>
        <input
          id={`${id}d`}
          maxLength={64}
          list={`${id}l`}
          value={value}
          onChange={(event) => onDepartment(event.target.value)}
        />
      </span>
      <datalist id={`${id}l`}>
        {(data ?? []).map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
      {data === undefined || typed === '' || data.includes(typed) ? null : (
        <p className="quiet" role="status">
          {t.noClerk}
        </p>
      )}
    </>
  );
}
