import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Input } from 'antd';
import type { ReactElement } from 'react';
import { useId, useState } from 'react';
import { useMay } from '../../app/session';
import { api, told } from '../../contract/client';
import { Button } from '../../parts/Button';
import { useSaid } from '../../parts/Failure';
import { saved } from '../../parts/saving';
import { offerUndo } from '../../parts/Undo';
import { writtenCount } from '../../parts/written';
import { useServed, useWords } from '../../words/catalogue';
import type { Held } from './asked';
import { words } from './words';

const LEAST_WHY = 4;
type Verdict = 'release' | 'reject';

/** Deliveries that wait for a person: why, and the two ways on. */
export function HeldList({ held }: { held: Held[] }): ReactElement {
  return (
    <ul className="nights-held">
      {held.map((one) => (
        <HeldOne key={one.delivery} held={one} />
      ))}
    </ul>
  );
}

function HeldOne({ held }: { held: Held }): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const may = useMay();
  const why = held.why_zh.map((zh, at) => ({ zh, en: held.why_en[at] ?? zh }));
  return (
    <li>
      <h3>{served(held.feed.zh, held.feed.en)}</h3>
      <p>{t.heldRow(writtenCount(held.rows), held.received_on)}</p>
      <ul>
        {why.map((one) => (
          <li key={one.zh}>{served(one.zh, one.en)}</li>
        ))}
      </ul>
      {may('delivery.decide') ? <Deciding held={held} /> : <p className="quiet">{t.onlySupervisor}</p>}
    </li>
  );
}

function Deciding({ held }: { held: Held }): ReactElement {
  const t = useWords(words);
  const said = useSaid();
  const id = useId();
  const queries = useQueryClient();
  const [why, setWhy] = useState('');
  const path = { delivery_id: held.delivery };
  const act = useMutation<unknown, unknown, Verdict>({
    mutationFn: (verdict) =>
      told(api.POST('/api/v1/deliveries/{delivery_id}/decision', { params: { path }, body: { verdict, why } })),
    onSuccess: (_, verdict) => offerUndo({ text: verdict === 'release' ? t.released : t.rejected }),
    onSettled: () => queries.invalidateQueries({ queryKey: ['feeds'] }),
  });
  const errors = useMutation<unknown, unknown, undefined>({
    mutationFn: () =>
      saved(
        api.GET('/api/v1/deliveries/{delivery_id}/errors', { params: { path }, parseAs: 'blob' }),
        'row-errors.csv',
      ),
  });
  const failure = act.error ?? errors.error;
  const short = why.trim().length < LEAST_WHY;
  return (
    <>
      <div className="field">
        <label htmlFor={id}>{t.why}</label>
        <Input id={id} value={why} maxLength={200} onChange={(event) => setWhy(event.target.value)} />
      </div>
      <div className="row-of-buttons">
        <Button type="primary" disabled={short} loading={act.isPending} onClick={() => act.mutate('release')}>
          {t.release}
        </Button>
        <Button disabled={short} loading={act.isPending} onClick={() => act.mutate('reject')}>
          {t.reject}
        </Button>
        <Button onClick={() => errors.mutate(undefined)}>{t.rowErrors}</Button>
      </div>
      {failure === null ? null : (
        <p role="alert" className="refused">
          {said(failure)}
        </p>
      )}
    </>
  );
}
