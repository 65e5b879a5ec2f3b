import { useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { useOnline } from '../../app/online';
import { outbox } from '../../app/outbox';
import { useMay } from '../../app/session';
import { useStored } from '../../app/store';
import { words as app } from '../../app/words';
import { flush, sending } from '../../field/outbox';
import { type Pack, takePack, wipePack } from '../../field/pack';
import { gone } from '../../field/start';
import { secure } from '../../field/vault';
import { Button } from '../../parts/Button';
import { useSaid } from '../../parts/Failure';
import { writtenInstant } from '../../parts/written';
import { useWords } from '../../words/catalogue';
import { words } from './words';

/** How things stand: no network, sending, all sent, or so many not taken. */
export function SyncState(): ReactElement {
  const t = useWords(words);
  const state = useWords(app);
  const online = useOnline();
  const busy = useStored(sending);
  const { waiting, refused, syncedAt } = useStored(outbox);
  const parts = [
    online ? '' : state.offline,
    busy ? t.syncing : '',
    waiting - refused > 0 ? state.waiting(waiting - refused) : '',
    refused > 0 ? state.refused(refused) : '',
    online && !busy && waiting === 0 ? t.allSent : '',
    syncedAt === null ? '' : state.synced(writtenInstant(syncedAt).slice(11)),
  ].filter((part) => part !== '');
  return (
    <p role="status" className={refused > 0 ? 'sync sync-refused' : 'sync'}>
      {parts.join(' · ')}
    </p>
  );
}

/** On a plain connection: what this page cannot do, said before anybody relies on it. */
export function Plain(): ReactElement | null {
  const t = useWords(words);
  if (secure) return null;
  return (
    <section className="bar bar-red" role="note">
      <p>{t.plainTitle}</p>
      <ul className="plain">
        <li>{t.plain1}</li>
        <li>{t.plain2}</li>
        <li>{t.plain3}</li>
      </ul>
    </section>
  );
}

/** The pack on this device: until when it is good, taken anew, wiped. */
export function PackBar({ pack }: { pack: Pack | undefined }): ReactElement {
  const t = useWords(words);
  const said = useSaid();
  const may = useMay();
  const online = useOnline();
  const queries = useQueryClient();
  const [phones, setPhones] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const why = useStored(gone);
  const go = (work: () => Promise<unknown>) => async (): Promise<void> => {
    setBusy(true);
    setProblem('');
    try {
      await work();
      gone.set(null);
      await queries.invalidateQueries({ queryKey: ['day'] });
    } catch (failure) {
      setProblem(said(failure));
    } finally {
      setBusy(false);
    }
  };
  const take = async (): Promise<void> => {
    await flush();
    await takePack(phones);
  };
  return (
    <section className="pack" aria-label={t.title}>
      {pack === undefined ? null : <p>{t.packed(pack.sheets.length, writtenInstant(pack.expires_at))}</p>}
      {pack === undefined || pack.count <= pack.sheets.length ? null : (
        <p role="note">{t.leftOut(pack.count - pack.sheets.length)}</p>
      )}
      {why === null ? null : (
        <p role="alert" className="refused">
          {t[why]}
        </p>
      )}
      {problem === '' ? null : (
        <p role="alert" className="refused">
          {problem}
        </p>
      )}
      <div className="row-of-buttons">
        {secure && may('visit.pack') ? (
          <Button type="primary" loading={busy} disabled={!online} onClick={go(take)}>
            {pack === undefined ? t.take : t.renew}
          </Button>
        ) : null}
        {pack === undefined ? null : (
          <Button disabled={busy} onClick={go(() => wipePack())}>
            {t.wipe}
          </Button>
        )}
        {secure && may('person.reveal') ? (
          <label className="chip">
            <input type="checkbox" checked={phones} onChange={(event) => setPhones(event.target.checked)} />
            {t.takePhones}
          </label>
        ) : null}
      </div>
    </section>
  );
}
