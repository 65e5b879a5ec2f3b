import { useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useId, useState } from 'react';
import { api, ifMatch, Refusal, type Schemas, told } from '../../contract/client';
import { Button } from '../../parts/Button';
import { Conflict, type Line } from '../../parts/Conflict';
import { DayField } from '../../parts/DayField';
import { Failure } from '../../parts/Failure';
import { newId } from '../../parts/ids';
import { offerUndo } from '../../parts/Undo';
import { writtenDay } from '../../parts/written';
import { language, useWords } from '../../words/catalogue';
import { shared } from '../../words/shared';
import { words } from './calendar-words';

type Year = Schemas['YearOut'];
type Arranged = Schemas['YearIn'];
type Kind = 'off' | 'worked';
const DAY_MS = 86_400_000;
const LEAST_TITLE = 4;

function spread(from: string, until: string): string[] {
  const count = Math.round((Date.parse(until) - Date.parse(from)) / DAY_MS) + 1;
  return Array.from({ length: count }, (_, by) => new Date(Date.parse(from) + by * DAY_MS).toISOString().slice(0, 10));
}

/** A year as the notice of the State Council arranges it: days off, weekend days worked; the deadlines follow. */
export function Editing({ year, onEnd }: { year: Year; onEnd: () => void }): ReactElement {
  const t = useWords(words);
  const common = useWords(shared);
  const id = useId();
  const [said, setSaid] = useState<Arranged>({ title: year.title, off: [...year.off], worked: [...year.worked] });
  const saving = useSaving(year.year, said, onEnd);
  const add = (kind: Kind, days: string[]): void => {
    const other: Kind = kind === 'off' ? 'worked' : 'off';
    const all = Array.from(new Set([...said[kind], ...days])).sort();
    setSaid({ ...said, [kind]: all, [other]: said[other].filter((one) => !days.includes(one)) });
  };
  const remove = (kind: Kind) => (day: string) => setSaid({ ...said, [kind]: said[kind].filter((one) => one !== day) });
  return (
    <section className="arranging-year" aria-label={t.title(year.year)}>
      <h3>{t.title(year.year)}</h3>
      <div className="field">
        <label htmlFor={id}>{t.notice}</label>
        <input
          id={id}
          maxLength={200}
          value={said.title}
          onChange={(event) => setSaid({ ...said, title: event.target.value })}
        />
        <p className="quiet">{t.noticeHint}</p>
      </div>
      <Adding year={year.year} onAdd={add} />
      <Picked what={t.off} days={said.off} onRemove={remove('off')} />
      <Picked what={t.worked} days={said.worked} onRemove={remove('worked')} />
      <p className="quiet">{t.why}</p>
      <div className="row-of-buttons">
        <Button
          type="primary"
          loading={saving.busy}
          disabled={said.title.trim().length < LEAST_TITLE}
          onClick={() => saving.send(year.version)}
        >
          {common.save}
        </Button>
        <Button onClick={onEnd}>{common.cancel}</Button>
      </div>
      {saving.failure === null ? null : <Failure error={saving.failure} />}
      {saving.theirs === null ? null : (
        <Conflict
          busy={saving.busy}
          lines={compared(said, saving.theirs, t)}
          onMine={() => saving.send(saving.theirs?.version ?? 0)}
          onTheirs={onEnd}
        />
      )}
    </section>
  );
}

type Named = { notice: string; off: string; worked: string; days: (n: number) => string };

function compared(mine: Arranged, theirs: Year, t: Named): Line[] {
  const only = (some: readonly string[], other: readonly string[]): string => {
    const found = some.filter((one) => !other.includes(one));
    return [t.days(some.length), ...found.slice(0, 6)].join(' ');
  };
  return [
    { what: t.notice, mine: mine.title, theirs: theirs.title },
    { what: t.off, mine: only(mine.off, theirs.off), theirs: only(theirs.off, mine.off) },
    { what: t.worked, mine: only(mine.worked, theirs.worked), theirs: only(theirs.worked, mine.worked) },
  ];
}

function useSaving(year: number, said: Arranged, onEnd: () => void) {
  const t = useWords(words);
  const queries = useQueryClient();
  const [key] = useState(newId);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const [theirs, setTheirs] = useState<Year | null>(null);
  const path = { year };
  const send = async (version: number): Promise<void> => {
    setBusy(true);
    setFailure(null);
    try {
      const header = { ...ifMatch(version), 'Idempotency-Key': theirs === null ? key : newId() };
      const done = await told(api.PUT('/api/v1/calendar/{year}', { params: { path, header }, body: said }));
      offerUndo({ text: t.saved(done.recounted ?? 0) });
      await queries.invalidateQueries();
      onEnd();
    } catch (refused) {
      if (refused instanceof Refusal && refused.status === 412) {
        setTheirs(await told(api.GET('/api/v1/calendar/{year}', { params: { path } })));
      } else setFailure(refused);
    } finally {
      setBusy(false);
    }
  };
  return { busy, failure, theirs, send };
}

/** One day, or all from one to another, put among those off or those worked. */
function Adding({ year, onAdd }: { year: number; onAdd: (kind: Kind, days: string[]) => void }): ReactElement {
  const t = useWords(words);
  const [from, setFrom] = useState('');
  const [until, setUntil] = useState('');
  const [first, last] = [`${year}-01-01`, `${year}-12-31`];
  const end = until === '' ? from : until;
  const sound = from >= first && end <= last && from <= end;
  const add = (kind: Kind) => (): void => {
    onAdd(kind, spread(from, end));
    setFrom('');
    setUntil('');
  };
  return (
    <div className="narrowing">
      <DayField label={t.from} value={from} min={first} max={last} onDay={setFrom} />
      <DayField label={t.until} value={until} min={from || first} max={last} onDay={setUntil} />
      <Button disabled={!sound} onClick={add('off')}>
        {t.addOff}
      </Button>
      <Button disabled={!sound} onClick={add('worked')}>
        {t.addWorked}
      </Button>
      {from === '' || sound ? null : <p role="alert">{t.outside(year)}</p>}
    </div>
  );
}

type PickedProps = { what: string; days: readonly string[]; onRemove: (day: string) => void };

function Picked({ what, days, onRemove }: PickedProps): ReactElement {
  const t = useWords(words);
  return (
    <section aria-label={what}>
      <h4>
        {what} <span className="quiet">{t.days(days.length)}</span>
      </h4>
      {days.length === 0 ? <p className="quiet">{t.none}</p> : null}
      <ul className="days">
        {days.map((day) => (
          <li key={day}>
            {writtenDay(day, language.get())}{' '}
            <button type="button" className="linkish" aria-label={t.remove(day)} onClick={() => onRemove(day)}>
              ×
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
