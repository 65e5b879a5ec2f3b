import type { FormEvent, ReactElement } from 'react';
import { useRef, useState } from 'react';
import { useKeys } from '../../app/keys';
import { Button } from '../../parts/Button';
import { Choice } from '../../parts/Choice';
import { useWords } from '../../words/catalogue';
import { type Filters, isKind, KINDS, type Kind } from './asked';
import { words } from './words';

type Props = { filters: Filters; onChange: (next: Filters) => void };
const DAY = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;

function isDay(text: string): boolean {
  return text === '' || (DAY.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`)));
}

/** What the audit is narrowed to; ids and days are typed, and asked for when the form is sent. */
export function Narrowing({ filters, onChange }: Props): ReactElement {
  const t = useWords(words);
  const [typed, setTyped] = useState(filters);
  const first = useRef<HTMLInputElement>(null);
  useKeys({ '/': () => first.current?.focus() });
  const wrong = !isDay(typed.since) || !isDay(typed.until);
  const send = (event: FormEvent): void => {
    event.preventDefault();
    if (!wrong) onChange({ ...typed, by: typed.by.trim(), subject: typed.subject.trim() });
  };
  const pick = (word: string): void => onChange({ ...typed, kind: isKind(word) ? word : '' });
  return (
    <form className="narrowing" onSubmit={send}>
      <Choice
        label={t.kind}
        value={typed.kind}
        options={(Object.keys(KINDS) as Kind[]).map((one) => [one, t[one]])}
        onChange={pick}
      />
      <label>
        {t.who}
        <input ref={first} value={typed.by} onChange={(event) => setTyped({ ...typed, by: event.target.value })} />
      </label>
      <label>
        {t.subject}
        <input value={typed.subject} onChange={(event) => setTyped({ ...typed, subject: event.target.value })} />
      </label>
      <DayField label={t.since} value={typed.since} onChange={(since) => setTyped({ ...typed, since })} />
      <DayField label={t.until} value={typed.until} onChange={(until) => setTyped({ ...typed, until })} />
      <Button htmlType="submit" disabled={wrong}>
        {t.apply}
      </Button>
      {wrong ? <p role="alert">{t.badDay}</p> : null}
    </form>
  );
}

type DayProps = { label: string; value: string; onChange: (next: string) => void };

/** A day as it is written here; the browser's own field writes it as its own country does. */
function DayField({ label, value, onChange }: DayProps): ReactElement {
  const t = useWords(words);
  return (
    <label>
      {label}
      <input
        value={value}
        placeholder={t.day}
        maxLength={10}
        size={12}
        aria-invalid={!isDay(value)}
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}
