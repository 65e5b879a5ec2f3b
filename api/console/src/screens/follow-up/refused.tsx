import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { Link } from 'react-router';
import { api, told } from '../../contract/client';
import { dropDraftOf } from '../../field/drafts';
import { giveUp, keepAsSupplement, sendAnyway, type Waiting } from '../../field/outbox';
import type { Catalogue } from '../../field/pack';
import { Button } from '../../parts/Button';
import { Conflict, type Line } from '../../parts/Conflict';
import { useSaid } from '../../parts/Failure';
import { offerUndo } from '../../parts/Undo';
import { useServed, useWords } from '../../words/catalogue';
import { labelled } from '../../words/marks';
import { words } from './words';

type Props = { one: Waiting; catalogue: Catalogue; onEdit?: (() => unknown) | undefined; onDone: () => unknown };

/** Something that did not go through: why, and what the worker may do with it. It is never dropped by itself. */
export function RefusedOne({ one, catalogue, onEdit, onDone }: Props): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const said = useSaid();
  const queries = useQueryClient();
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  const act = (work: () => Promise<unknown>, text: string) => async (): Promise<void> => {
    setBusy(true);
    try {
      await work();
      await dropDraftOf(one.alert, one.visit?.id);
      offerUndo({ text });
      await queries.invalidateQueries();
      onDone();
    } catch (failure) {
      setProblem(said(failure));
    } finally {
      setBusy(false);
    }
  };
  const why = one.why?.problem;
  const mended = one.why?.kind !== 'ended' && one.why?.status !== 412;
  return (
    <section className="failure" role="alert" aria-label={t.refused}>
      <h2>
        {labelled(t.refused)}
        {one.title}
      </h2>
      <p>{why === undefined ? '' : served(why.detail_zh, why.detail)}</p>
      {problem === '' ? null : <p className="refused">{problem}</p>}
      {one.why?.status === 412 ? <SideBySide one={one} catalogue={catalogue} onDone={onDone} /> : null}
      <div className="row-of-buttons">
        <Link to={`/alerts/${one.alert}`}>{t.view}</Link>
        {mended && onEdit !== undefined ? <Button onClick={() => void onEdit()}>{t.edit}</Button> : null}
        {one.visit === undefined ? null : (
          <Button loading={busy} onClick={act(() => keepAsSupplement(one), t.kept)}>
            {t.keep}
          </Button>
        )}
        <GiveUp onSure={act(() => giveUp(one), t.dropped)} />
      </div>
      {one.visit === undefined ? null : <p className="quiet">{t.keepHint}</p>}
    </section>
  );
}

function GiveUp({ onSure }: { onSure: () => unknown }): ReactElement {
  const t = useWords(words);
  const [asked, setAsked] = useState(false);
  if (!asked) return <Button onClick={() => setAsked(true)}>{t.giveUp}</Button>;
  return (
    <fieldset className="sure">
      <legend>{t.giveUpSure}</legend>
      <Button danger onClick={() => void onSure()}>
        {t.giveUp}
      </Button>{' '}
      <Button onClick={() => setAsked(false)}>{t.back}</Button>
    </fieldset>
  );
}

/** What I found beside what stands there now; nothing is lost until I decide. */
function SideBySide({ one, catalogue, onDone }: Props): ReactElement | null {
  const t = useWords(words);
  const served = useServed();
  const now = useQuery({
    queryKey: ['alert', one.alert, 'now'],
    queryFn: () => told(api.GET('/api/v1/alerts/{alert_id}', { params: { path: { alert_id: one.alert } } })),
    staleTime: 0,
  });
  const [busy, setBusy] = useState(false);
  if (now.data === undefined || one.visit === undefined) return null;
  const word = (code: string): string => {
    const found = catalogue.findings.find((each) => each.code === code);
    return found === undefined ? code : served(found.zh, found.en);
  };
  const last = now.data.follow_ups.filter((each) => each.supplement === null && each.undone_at === null).at(-1);
  const lines: Line[] = [
    { what: t.finding, mine: word(one.visit.finding), theirs: last === undefined ? '—' : word(last.finding) },
    { what: t.when, mine: one.visit.visited_on, theirs: last?.visited_on ?? '—' },
    { what: t.note, mine: one.visit.note ?? '—', theirs: last?.note ?? '—' },
    { what: t.owner, mine: '—', theirs: now.data.owner_name ?? t.nobody },
  ];
  const version = now.data.version;
  const again = async (): Promise<void> => {
    setBusy(true);
    await sendAnyway(one, version).finally(() => setBusy(false));
    onDone();
  };
  return (
    <Conflict lines={lines} busy={busy} onMine={() => void again()} onTheirs={() => void giveUp(one).then(onDone)} />
  );
}
