import { useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { useKeys } from '../../app/keys';
import { useMay } from '../../app/session';
import { useStored } from '../../app/store';
import { api, type Schemas, told } from '../../contract/client';
import { Button } from '../../parts/Button';
import { useSaid } from '../../parts/Failure';
import { newId } from '../../parts/ids';
import { OneOf } from '../../parts/OneOf';
import { MOST_PRINTED, printForms } from '../../parts/printing';
import { PauseFields, usePause } from '../../parts/putting-off';
import { TakingOut } from '../../parts/TakingOut';
import { offerUndo } from '../../parts/Undo';
import { useWords } from '../../words/catalogue';
import { shared } from '../../words/shared';
import { type Narrow, useColleagues } from './asked';
import { answered, inPortions, leftOut, takenBack, versioned } from './bulk';
import { words as bulkWords } from './bulk-words';
import { NotDone } from './NotDone';
import type { Picked } from './picked';
import { words } from './words';

type Wanted = 'assign' | 'snooze' | 'export' | null;
/** Ticked ones in one export. */
const MOST_TICKED = 200;

/** What can be done to all that are ticked; each is looked at for itself, and each that was not done is named. */
export function Bulk({ picked, narrow }: { picked: Picked; narrow: Narrow }): ReactElement | null {
  const t = useWords(words);
  const may = useMay();
  const [wanted, setWanted] = useState<Wanted>(null);
  const answer = useStored(answered);
  const b = useWords(bulkWords);
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
    const { all } = picked;
    const back = async (): Promise<string> => {
      const undone = await takenBack(done.ids);
      answered.set(leftOut('undone', undone, all));
      return undone.not_done === 0 ? b.undone(undone.done) : b.undoneSome(undone.done, undone.not_done);
    };
    offerUndo({ text: t.done(done.done, done.not_done), takeBack: done.done > 0 ? back : undefined });
    answered.set(leftOut('done', done, all));
    setWanted(null);
    picked.clear();
  };
  if (!some && answer === null) return null;
  return (
    <section className="bulk" aria-label={some ? t.selected(picked.all.length) : b.result}>
      {some ? <Buttons picked={picked} onWant={setWanted} onPrint={print} onEnd={ended} /> : null}
      {some && wanted === 'assign' ? <Assign picked={picked} onEnd={ended} onCancel={() => setWanted(null)} /> : null}
      {some && wanted === 'snooze' ? <Snooze picked={picked} onEnd={ended} onCancel={() => setWanted(null)} /> : null}
      {some && wanted === 'export' ? <Out picked={picked} narrow={narrow} onClose={() => setWanted(null)} /> : null}
      {answer === null ? null : <NotDone answer={answer} onClose={() => answered.set(null)} />}
    </section>
  );
}

type ButtonsProps = {
  picked: Picked;
  onWant: (wanted: Wanted) => void;
  onPrint: () => void;
  onEnd: (done: Schemas['Done']) => void;
};

function Buttons({ picked, onWant, onPrint, onEnd }: ButtonsProps): ReactElement {
  const t = useWords(words);
  const b = useWords(bulkWords);
  const may = useMay();
  return (
    <div className="row-of-buttons">
      <b>{t.selected(picked.all.length)}</b>
      {may('alert.assign') ? <Button onClick={() => onWant('assign')}>{t.assign}</Button> : null}
      {may('alert.work') ? <Button onClick={() => onWant('snooze')}>{t.snooze}</Button> : null}
      {may('alert.work') ? <Going picked={picked} onEnd={onEnd} /> : null}
      {may('report.export') ? <Button onClick={() => onWant('export')}>{b.takeOut}</Button> : null}
      {may('form.print') ? <Button onClick={onPrint}>{t.print}</Button> : null}
      <Button type="text" onClick={picked.clear}>
        {t.unselect}
      </Button>
    </div>
  );
}

/** Taken by me, or put back for anybody: at once, since both can be taken back. */
function Going({ picked, onEnd }: Pick<ButtonsProps, 'picked' | 'onEnd'>): ReactElement {
  const b = useWords(bulkWords);
  const said = useSaid();
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const go = (edge: 'claim' | 'release') => async (): Promise<void> => {
    setBusy(true);
    try {
      onEnd(await inPortions(versioned(picked.all), edge));
    } catch (failure) {
      offerUndo({ text: said(failure) });
    } finally {
      setBusy(false);
      await queries.invalidateQueries({ queryKey: ['alerts'] });
    }
  };
  return (
    <>
      <Button loading={busy} onClick={go('claim')}>
        {b.claim}
      </Button>
      <Button loading={busy} onClick={go('release')}>
        {b.release}
      </Button>
    </>
  );
}

type ActProps = { picked: Picked; onEnd: (done: Schemas['Done']) => void; onCancel: () => void };

function Assign({ picked, onEnd, onCancel }: ActProps): ReactElement {
  const t = useWords(words);
  const { data } = useColleagues();
  const [to, setTo] = useState('');
  const send = (key: string) =>
    told(
      api.POST('/api/v1/alerts/bulk/assign', {
        body: { alerts: versioned(picked.all), to },
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

/** Only what is ticked of what the list is narrowed to; what was searched for can be taken out so. */
function Out({ picked, narrow, onClose }: { picked: Picked; narrow: Narrow; onClose: () => void }): ReactElement {
  const b = useWords(bulkWords);
  const common = useWords(shared);
  const count = picked.all.length;
  return (
    <fieldset className="acting" aria-label={b.takeOut}>
      <p>{count > MOST_TICKED ? b.exportTooMany(count, MOST_TICKED) : b.exportTicked(count)}</p>
      <p className="quiet">{b.exportRules}</p>
      {count > MOST_TICKED ? null : <TakingOut wanted={{ ...narrow, alerts: picked.all.map((one) => one.id) }} />}
      <Button onClick={onClose}>{common.close}</Button>
    </fieldset>
  );
}

function Snooze({ picked, onEnd, onCancel }: ActProps): ReactElement {
  const t = useWords(words);
  const [pause, setPause] = usePause();
  const send = (key: string) =>
    told(
      api.POST('/api/v1/alerts/bulk/snooze', {
        body: { alerts: versioned(picked.all), ...pause },
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
