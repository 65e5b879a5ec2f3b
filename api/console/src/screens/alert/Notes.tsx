import { useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useId, useState } from 'react';
import { api, told } from '../../contract/client';
import { Button } from '../../parts/Button';
import { Failure } from '../../parts/Failure';
import { newId } from '../../parts/ids';
import { offerUndo } from '../../parts/Undo';
import { useWords } from '../../words/catalogue';
import { labelled } from '../../words/marks';
import { useNotes } from './asked';
import { words } from './words';

type Props = { alert: string; text: string; onText: (text: string) => void; may: boolean };

/** What colleagues noted, and a note of one's own; sent twice it is kept once. */
export function Notes({ alert, text, onText, may }: Props): ReactElement {
  const t = useWords(words);
  const query = useNotes(alert);
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
      {may ? <Writing alert={alert} text={text} onText={onText} /> : null}
    </section>
  );
}

function Writing({ alert, text, onText }: Omit<Props, 'may'>): ReactElement {
  const t = useWords(words);
  const queries = useQueryClient();
  const box = useId();
  const [id, setId] = useState(newId);
  const [failure, setFailure] = useState<unknown>(null);
  const send = async (): Promise<void> => {
    try {
      const params = { path: { alert_id: alert }, header: { 'Idempotency-Key': id } };
      await told(api.POST('/api/v1/alerts/{alert_id}/notes', { params, body: { id, text: text.trim() } }));
      onText('');
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
      <Button disabled={text.trim() === ''} onClick={send}>
        {t.addNote}
      </Button>
      {failure === null ? null : <Failure error={failure} />}
    </div>
  );
}
