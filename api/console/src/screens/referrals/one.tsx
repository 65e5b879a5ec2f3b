import type { ReactElement } from 'react';
import { useState } from 'react';
import { Link } from 'react-router';
import paths from '../../../paths.json';
import { useMay } from '../../app/session';
import { Refusal } from '../../contract/client';
import { Button } from '../../parts/Button';
import { Failure } from '../../parts/Failure';
import { Line } from '../../parts/Line';
import { Skeleton } from '../../parts/ListState';
import { OneOf } from '../../parts/OneOf';
import { Day, Instant } from '../../parts/small';
import { useServed, useWords } from '../../words/catalogue';
import { corrections, UNCHANGED } from '../alert/correction-words';
import { type Answer, useAnswer, useReferral, type Whole } from './asked';
import { REFUSALS, words } from './words';

const STALE = 412;

/** What a department must know to act, and its answer. */
export function One({ id }: { id: string }): ReactElement {
  const t = useWords(words);
  const may = useMay();
  const query = useReferral(id);
  if (query.data !== undefined) {
    return (
      <section className="referral-one" aria-label={t.one}>
        <About one={query.data} />
        {may('alert.read') ? <Link to={paths.alert.replace(':id', query.data.alert_id)}>{t.toAlert}</Link> : null}
        <Answering one={query.data} />
      </section>
    );
  }
  if (query.error === null) return <Skeleton lines={3} />;
  return <Failure error={query.error} what={t.one} onRetry={() => void query.refetch()} kept={false} />;
}

function About({ one }: { one: Whole }): ReactElement {
  const t = useWords(words);
  return (
    <dl className="referral-about">
      <div>
        <dt>{t.household}</dt>
        <dd>
          {one.name} <span className="masked">{one.household_no}</span>
        </dd>
      </div>
      <div>
        <dt>{t.place}</dt>
        <dd>{one.region_name}</dd>
      </div>
      <div>
        <dt>{t.sentAt}</dt>
        <dd>
          <Instant at={one.sent_at} />
        </dd>
      </div>
      {one.status !== 'accepted' || one.answered_at === null ? null : (
        <div>
          <dt>{t.acceptedAt}</dt>
          <dd>
            <Instant at={one.answered_at} />
          </dd>
        </div>
      )}
      <div>
        <dt>{t.note}</dt>
        <dd>{one.note ?? <span className="quiet">{t.noNote}</span>}</dd>
      </div>
      {one.feed === null ? null : <Row one={one} />}
    </dl>
  );
}

/** The row to be checked, as its agency can find it in the file it sent. */
function Row({ one }: { one: Whole }): ReactElement {
  const t = useWords(corrections);
  const served = useServed();
  return (
    <>
      <div>
        <dt>{t.row}</dt>
        <dd>{served(one.feed_zh ?? '', one.feed_en ?? '')}</dd>
      </div>
      <div>
        <dt>{t.batch}</dt>
        <dd>{`${one.delivery_seq}·${one.row_no}`}</dd>
      </div>
      <div>
        <dt>{t.receivedOn}</dt>
        <dd>{one.received_on === null ? '—' : <Day day={one.received_on} />}</dd>
      </div>
    </>
  );
}

function useReasons(one: Whole): { value: string; text: string }[] {
  const t = useWords(words);
  const wrong = useWords(corrections);
  if (one.feed !== null) return UNCHANGED.map((code) => ({ value: code, text: wrong[code] }));
  return REFUSALS.map((code) => ({ value: code, text: t[code] }));
}

function Answering({ one }: { one: Whole }): ReactElement | null {
  const t = useWords(words);
  const may = useMay();
  const [receipt, setReceipt] = useState('');
  const [why, setWhy] = useState('');
  const reasons = useReasons(one);
  const answer = useAnswer(one, (act) => t[`answered_${act}`]);
  if (!may('referral.answer')) return null;
  const say = (act: Answer['act']) => (): void =>
    answer.mutate({ act, why: act === 'refuse' ? why : null, receipt_no: act === 'finish' ? receipt.trim() : null });
  const busy = answer.isPending;
  return (
    <div className="referral-answers">
      {one.status === 'sent' ? (
        <Button type="primary" loading={busy} onClick={say('accept')}>
          {t.accept}
        </Button>
      ) : null}
      <div className="row-of-buttons">
        <Line label={t.receipt} value={receipt} most={64} onText={setReceipt} />
        <Button
          type={one.status === 'accepted' ? 'primary' : 'default'}
          disabled={receipt.trim() === ''}
          loading={busy}
          onClick={say('finish')}
        >
          {t.finish}
        </Button>
        <span className="quiet">{t.receiptHint}</span>
      </div>
      <div className="row-of-buttons">
        <OneOf label={t.why} value={why} none={t.chooseWhy} options={reasons} onChoose={setWhy} />
        <Button disabled={why === ''} loading={busy} onClick={say('refuse')}>
          {t.refuse}
        </Button>
      </div>
      <Refused error={answer.error} />
    </div>
  );
}

function Refused({ error }: { error: unknown }): ReactElement | null {
  const t = useWords(words);
  if (error === null) return null;
  if (error instanceof Refusal && error.status === STALE) return <p role="alert">{t.changed}</p>;
  return <Failure error={error} />;
}
