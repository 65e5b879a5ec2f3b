import { useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useId, useState } from 'react';
import { useSession } from '../../app/session';
import { api, told } from '../../contract/client';
import { Button } from '../../parts/Button';
import { Some } from '../../parts/Chips';
import { Failure } from '../../parts/Failure';
import { newId } from '../../parts/ids';
import { Skeleton } from '../../parts/ListState';
import { offerUndo } from '../../parts/Undo';
import { useWords } from '../../words/catalogue';
import { aside, labelled } from '../../words/marks';
import { useColleagues } from '../queue/asked';
import { useNotes } from './asked';
import { words } from './words';

const MOST_CALLED = 10;

type Props = { alert: string; region: string; text: string; onText: (text: string) => void; may: boolean };

/** What colleagues noted, and a note of one's own; sent twice it is kept once. */
export function Notes({ may, ...writing }: Props): ReactElement {
  const t = useWords(words);
  const query = useNotes(writing.alert);
  const notes = query.data ?? [];
  return (
    <section aria-labelledby="notes">
      <h2 id="notes">{t.notes}</h2>
      {query.error === null ? null : <Failure error={query.error} what={t.notes} onRetry={query.refetch} />}
      {query.isSuccess && notes.length === 0 ? <p className="quiet">{t.noNotes}</p> : null}
      <ul>
        {notes.map((one) => (
          <li key={one.id}>
            <time dateTime={one.on}>{one.on}</time> {labelled(one.by)}
            {one.text}
          </li>
        ))}
      </ul>
      {may ? <Writing {...writing} /> : null}
    </section>
  );
}

function Writing({ alert, region, text, onText }: Omit<Props, 'may'>): ReactElement {
  const t = useWords(words);
  const queries = useQueryClient();
  const box = useId();
  const [id, setId] = useState(newId);
  const [called, setCalled] = useState<string[]>([]);
  const [failure, setFailure] = useState<unknown>(null);
  const send = async (): Promise<void> => {
    try {
      const params = { path: { alert_id: alert }, header: { 'Idempotency-Key': id } };
      await told(
        api.POST('/api/v1/alerts/{alert_id}/notes', { params, body: { id, text: text.trim(), mentions: called } }),
      );
      onText('');
      setCalled([]);
      setId(newId());
      setFailure(null);
      offerUndo({ text: t.done_note });
      await queries.invalidateQueries({ queryKey: ['alerts'] });
    } catch (refused) {
      setFailure(refused);
    }
  };
  return (
    <div className="writing">
      <label htmlFor={box}>{t.noteText}</label>
      <textarea id={box} rows={2} maxLength={2000} value={text} onChange={(event) => onText(event.target.value)} />
      <Calling region={region} called={called} onCall={setCalled} />
      <Button disabled={text.trim() === ''} onClick={send}>
        {t.addNote}
      </Button>
      {failure === null ? null : <Failure error={failure} />}
    </div>
  );
}

type CallingProps = { region: string; called: string[]; onCall: (called: string[]) => void };

/** Who is called to read it, of those who work where the household lives. */
function Calling(props: CallingProps): ReactElement {
  const t = useWords(words);
  const [open, setOpen] = useState(false);
  const many = props.called.length;
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{many === 0 ? t.callSomebody : t.calling(many)}</summary>
      {open ? <Colleagues {...props} /> : null}
    </details>
  );
}

function Colleagues({ region, called, onCall }: CallingProps): ReactElement {
  const t = useWords(words);
  const me = useSession();
  const { data, error, refetch } = useColleagues();
  if (error !== null) return <Failure error={error} what={t.callWhom} onRetry={refetch} />;
  if (data === undefined) return <Skeleton />;
  const others = data.filter(
    (one) => region.startsWith(one.region) && !(one.name === me.name && one.region === me.region),
  );
  if (others.length === 0) return <p className="quiet">{t.callNobody}</p>;
  return (
    <Some
      legend={t.callWhom}
      name="called"
      choices={others.map((one) => ({ value: one.id, label: one.name + aside(one.region_name) }))}
      chosen={called}
      onChoose={(next) => onCall(next.slice(0, MOST_CALLED))}
    />
  );
}
