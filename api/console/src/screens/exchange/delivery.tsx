import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { api, type Schemas, told } from '../../contract/client';
import { Failure } from '../../parts/Failure';
import { saved } from '../../parts/saving';
import { writtenCount } from '../../parts/written';
import { useServed, useWords } from '../../words/catalogue';
import { labelled } from '../../words/marks';
import { FileButton } from './paper';
import { raw } from './sheet';
import { words } from './words';

type Receipt = Schemas['ReceiptOut'];
/** What is refused comes as a refusal. */
type Taken = Receipt & { status: Exclude<Receipt['status'], 'refused'> };
const ENDINGS = ['csv', 'txt', 'tsv', 'xlsx', 'xls', 'parquet', 'zip'] as const;
const MODES = ['full', 'append', 'withdraw'] as const;
type Sent = { feed: string; mode: string; file: File };

/** A file of an agency's, sent by hand: taken in or held, with its receipt, or refused, with what is wrong with it. */
export function Delivery(): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const queries = useQueryClient();
  const feeds = useQuery({ queryKey: ['feeds'], queryFn: () => told(api.GET('/api/v1/feeds')) });
  const [feed, setFeed] = useState('');
  const [mode, setMode] = useState('');
  const act = useMutation<Taken, unknown, Sent>({
    mutationFn: send,
    onSettled: () => queries.invalidateQueries({ queryKey: ['feeds'] }),
  });
  const named = { full: t.full, append: t.append, withdraw: t.withdraw };
  return (
    <section>
      <h2>{t.delivery}</h2>
      <p className="quiet">{t.deliveryHint}</p>
      <div className="exchange-columns">
        <label>
          {t.feed}
          <select value={feed} onChange={(event) => setFeed(event.target.value)}>
            <option value="" />
            {(feeds.data ?? []).map((one) => (
              <option key={one.feed} value={one.feed}>
                {served(one.zh, one.en)}
              </option>
            ))}
          </select>
        </label>
        <label>
          {t.mode}
          <select value={mode} onChange={(event) => setMode(event.target.value)}>
            <option value="">{t.modeUsual}</option>
            {MODES.map((one) => (
              <option key={one} value={one}>
                {named[one]}
              </option>
            ))}
          </select>
        </label>
        {feed === '' ? null : (
          <FileButton
            label={t.send}
            accept={ENDINGS.map((one) => `.${one}`).join(',')}
            onFile={(file) => act.mutate({ feed, mode, file })}
          />
        )}
      </div>
      {act.error === null ? null : <Failure error={act.error} />}
      {act.data === undefined ? null : <Told receipt={act.data} />}
    </section>
  );
}

async function send({ feed, mode, file }: Sent): Promise<Taken> {
  const said = file.name.toLowerCase().split('.').pop();
  const ending = ENDINGS.find((one) => one === said) ?? 'csv';
  const chosen = MODES.find((one) => one === mode);
  const query = { feed, ending, ...(chosen === undefined ? {} : { mode: chosen }) };
  return (await told(api.POST('/api/v1/deliveries', { params: { query }, ...raw(file) }))) as Taken;
}

function Told({ receipt }: { receipt: Taken }): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const states = { committed: t.committed, held: t.held, rejected: t.rejected };
  const errors = () =>
    saved(
      api.GET('/api/v1/deliveries/{delivery_id}/errors', {
        params: { path: { delivery_id: receipt.delivery } },
        parseAs: 'blob',
      }),
      'row-errors.csv',
    );
  return (
    <div role="status">
      <p>{t.received(states[receipt.status], writtenCount(receipt.rows), writtenCount(receipt.good))}</p>
      {receipt.status === 'held' ? <p>{t.heldHint}</p> : null}
      <ul>
        {receipt.problems.map((one) => (
          <li key={`${one.column} ${one.zh}`}>
            {one.column === null ? '' : labelled(one.column)}
            {served(one.zh, one.en)}
          </li>
        ))}
      </ul>
      {receipt.errors === 0 ? null : (
        <button type="button" className="linkish" onClick={() => void errors()}>
          {t.rowErrors}
        </button>
      )}
    </div>
  );
}
