import { useQueryClient } from '@tanstack/react-query';
import { Button } from 'antd';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { useKeys } from '../../app/keys';
import { useMay } from '../../app/session';
import { api, type Schemas, told } from '../../contract/client';
import { useSaid } from '../../parts/Failure';
import { newId } from '../../parts/ids';
import { OneOf } from '../../parts/OneOf';
import { MOST_PRINTED, printForms } from '../../parts/printing';
import { PauseFields, usePause } from '../../parts/putting-off';
import { offerUndo } from '../../parts/Undo';
import { useServed, useWords } from '../../words/catalogue';
import { shared } from '../../words/shared';
import { useColleagues } from './asked';
import type { Picked } from './picked';
import { words } from './words';

type Wanted = 'assign' | 'snooze' | null;

/** What can be done to all that are ticked; each is looked at for itself, and each that was not done is named. */
export function Bulk({ picked }: { picked: Picked }): ReactElement | null {
  const t = useWords(words);
  const may = useMay();
  const [wanted, setWanted] = useState<Wanted>(null);
  const [answer, setAnswer] = useState<Schemas['Done'] | null>(null);
  const some = picked.all.length > 0;
  const said = useSaid();
  const print = (): void => {
    if (picked.all.length > MOST_PRINTED) {
      offerUndo({ text: t.printTooMany(picked.all.length, MOST_PRINTED) });
      return;
    }
    const ids = picked.all.map((one) => one.id);
    printForms(ids, 'round').then(
      (made) => offerUndo({ text: t.printed(made.forms, made.skipped.length) }),
      (failure: unknown) => offerUndo({ text: said(failure) }),
    );
  };
  useKeys(
    {
      ...(may('alert.assign') ? { a: () => setWanted('assign') } : {}),
      ...(may('form.print') ? { p: print } : {}),
      ...(may('alert.work') ? { h: () => setWanted('snooze') } : {}),
    },
    some,
  );
  const ended = (done: Schemas['Done']): void => {
    offerUndo({ text: t.done(done.done, done.not_done) });
    setAnswer(done.not_done > 0 ? done : null);
    setWanted(null);
    picked.clear();
  };
  if (!some && answer === null) return null;
  return (
    <section className="bulk" aria-label={t.selected(picked.all.length)}>
      {some ? <Buttons picked={picked} onWant={setWanted} onPrint={print} /> : null}
      {some && wanted === 'assign' ? <Assign picked={picked} onEnd={ended} onCancel={() => setWanted(null)} /> : null}
      {some && wanted === 'snooze' ? <Snooze picked={picked} onEnd={ended} onCancel={() => setWanted(null)} /> : null}
      {answer === null ? null : <Skipped answer={answer} onClose={() => setAnswer(null)} />}
    </section>
  );
}

type ButtonsProps = { picked: Picked; onWant: (wanted: Wanted) => void; onPrint: () => void };

function Buttons({ picked, onWant, onPrint }: ButtonsProps): ReactElement {
  const t = useWords(words);
  const may = useMay();
  return (
    <div className="row-of-buttons">
      <b>{t.selected(picked.all.length)}</b>
      {may('alert.assign') ? <Button onClick={() => onWant('assign')}>{t.assign}</Button> : null}
      {may('alert.work') ? <Button onClick={() => onWant('snooze')}>{t.snooze}</Button> : null}
      {may('form.print') ? <Button onClick={onPrint}>{t.print}</Button> : null}
      <Button type="text" onClick={picked.clear}>
        {t.unselect}
      </Button>
    </div>
  );
}

type ActProps = { picked: Picked; onEnd: (done: Schemas['Done']) => void; onCancel: () => void };

function each(picked: Picked): { id: string; version: number }[] {
  return picked.all.map((one) => ({ id: one.id, version: one.version }));
}

function Assign({ picked, onEnd, onCancel }: ActProps): ReactElement {
  const t = useWords(words);
  const { data } = useColleagues();
  const [to, setTo] = useState('');
  const send = (key: string) =>
    told(
      api.POST('/api/v1/alerts/bulk/assign', {
        body: { alerts: each(picked), to },
        params: { header: { 'Idempotency-Key': key } },
      }),
    );
  const options = (data ?? []).map((one) => ({ value: one.id, text: `${one.name}（${one.open}）` }));
  return (
    <Acting title={t.assign} ready={to !== ''} send={send} onEnd={onEnd} onCancel={onCancel}>
      <OneOf label={t.to} value={to} none={t.chooseOwner} options={options} onChoose={setTo} />
    </Acting>
  );
}

function Snooze({ picked, onEnd, onCancel }: ActProps): ReactElement {
  const t = useWords(words);
  const [pause, setPause] = usePause();
  const send = (key: string) =>
    told(
      api.POST('/api/v1/alerts/bulk/snooze', {
        body: { alerts: each(picked), ...pause },
        params: { header: { 'Idempotency-Key': key } },
      }),
    );
  return (
    <Acting title={t.snooze} ready={pause.until !== ''} send={send} onEnd={onEnd} onCancel={onCancel}>
      <PauseFields pause={pause} onChange={setPause} />
    </Acting>
  );
}

type ActingProps = {
  title: string;
  ready: boolean;
  send: (key: string) => Promise<Schemas['Done']>;
  onEnd: (done: Schemas['Done']) => void;
  onCancel: () => void;
  children: ReactElement;
};

/** Sent with one key however often it is tried, so that a lost answer does nothing twice. */
function Acting({ title, ready, send, onEnd, onCancel, children }: ActingProps): ReactElement {
  const common = useWords(shared);
  const said = useSaid();
  const queries = useQueryClient();
  const [key] = useState(newId);
  const [failure, setFailure] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const go = async (): Promise<void> => {
    setBusy(true);
    try {
      onEnd(await send(key));
      await queries.invalidateQueries({ queryKey: ['alerts'] });
    } catch (refused) {
      setFailure(refused);
    } finally {
      setBusy(false);
    }
  };
  return (
    <fieldset className="acting" aria-label={title}>
      {children}
      <Button type="primary" loading={busy} disabled={!ready} onClick={go}>
        {common.confirm}
      </Button>
      <Button onClick={onCancel}>{common.cancel}</Button>
      {failure === null ? null : (
        <p className="refused" role="alert">
          {said(failure)}
        </p>
      )}
    </fieldset>
  );
}

function Skipped({ answer, onClose }: { answer: Schemas['Done']; onClose: () => void }): ReactElement {
  const t = useWords(words);
  const common = useWords(shared);
  const served = useServed();
  return (
    <div className="refused" role="status">
      <h2>
        {t.skipped}（{answer.not_done}）
      </h2>
      <ul>
        {answer.refused.map((one) => (
          <li key={one.id}>{served(one.zh, one.en)}</li>
        ))}
      </ul>
      <Button size="small" onClick={onClose}>
        {common.close}
      </Button>
    </div>
  );
}
