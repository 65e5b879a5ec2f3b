import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useId, useRef, useState } from 'react';
import { api } from '../../contract/client';
import { Button } from '../../parts/Button';
import { useSaid } from '../../parts/Failure';
import { saved } from '../../parts/saving';
import { offerUndo } from '../../parts/Undo';
import { writtenCount } from '../../parts/written';
import { useWords } from '../../words/catalogue';
import { Looked } from './looked';
import { type Ending, endingOf, look, type Places, type Preview, placesOf, record, saveErrors } from './sheet';
import { words } from './words';

type Chosen = { file: File; ending: Ending };

/** A sheet of visits done on paper: chosen, looked at, its columns named, then recorded. */
export function Paper(): ReactElement {
  const t = useWords(words);
  const work = usePaper();
  return (
    <section>
      <h2>{t.paper}</h2>
      <p className="quiet">{t.paperHint}</p>
      <div className="row-of-buttons">
        <Button onClick={work.template}>{t.template}</Button>
        <FileButton label={work.chosen === null ? t.choose : t.another} accept=".xlsx,.xls,.csv" onFile={work.choose} />
      </div>
      {work.problem === '' ? null : (
        <p role="alert" className="refused">
          {work.problem}
        </p>
      )}
      {work.done === '' ? null : <p role="status">{work.done}</p>}
      {work.chosen === null || work.preview === undefined ? null : (
        <Looked
          name={work.chosen.file.name}
          preview={work.preview}
          busy={work.busy}
          onPlaces={work.again}
          onErrors={work.errors}
          onConfirm={work.confirm}
        />
      )}
    </section>
  );
}

function usePaper() {
  const t = useWords(words);
  const said = useSaid();
  const queries = useQueryClient();
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [done, setDone] = useState('');
  const [kind, setKind] = useState('');
  const looking = useMutation<Preview, unknown, { one: Chosen; places: Places | null }>({
    mutationFn: ({ one, places }) => look(one.file, one.ending, places),
  });
  const recording = useMutation<void, unknown, { one: Chosen; places: Places }>({
    mutationFn: async ({ one, places }) => {
      const answer = await record(one.file, one.ending, places);
      setChosen(null);
      setDone(t.done(writtenCount(answer.recorded)));
      offerUndo({ text: t.done(writtenCount(answer.recorded)) });
      await queries.invalidateQueries();
    },
  });
  const files = useMutation<unknown, unknown, () => Promise<unknown>>({ mutationFn: (act) => act() });
  const preview = looking.data;
  const failure = recording.error ?? looking.error ?? files.error;
  return {
    chosen,
    preview,
    done,
    busy: looking.isPending || recording.isPending,
    problem: kind !== '' ? kind : failure === null ? '' : said(failure),
    template: () => files.mutate(() => saved(api.GET('/api/v1/visits/template', { parseAs: 'blob' }), 'visits.xlsx')),
    choose: (file: File) => {
      const ending = endingOf(file.name);
      setDone('');
      setKind(ending === null ? t.badKind : '');
      recording.reset();
      looking.reset();
      setChosen(ending === null ? null : { file, ending });
      if (ending !== null) looking.mutate({ one: { file, ending }, places: null });
    },
    again: (places: Places) => chosen !== null && looking.mutate({ one: chosen, places }),
    errors: () =>
      chosen !== null && preview !== undefined
        ? files.mutate(() => saveErrors(chosen.file, chosen.ending, placesOf(preview)))
        : undefined,
    confirm: () =>
      chosen !== null && preview !== undefined
        ? recording.mutate({ one: chosen, places: placesOf(preview) })
        : undefined,
  };
}

type FileProps = { label: string; accept: string; onFile: (file: File) => void };

/** A button that asks for a file; the same file may be chosen again after it was mended. */
export function FileButton({ label, accept, onFile }: FileProps): ReactElement {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <Button type="primary" onClick={() => input.current?.click()}>
        {label}
      </Button>
      <input
        ref={input}
        id={id}
        hidden
        type="file"
        accept={accept}
        aria-label={label}
        onChange={(event) => {
          const file = event.target.files?.[0];
          if (file !== undefined) onFile(file);
          event.target.value = '';
        }}
      />
    </>
  );
}
