import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { useMay } from '../../app/session';
import { api, type Schemas, told } from '../../contract/client';
import { Button } from '../../parts/Button';
import { Failure } from '../../parts/Failure';
import { Line } from '../../parts/Line';
import { Skeleton } from '../../parts/ListState';
import { OneOf } from '../../parts/OneOf';
import { writtenDay } from '../../parts/written';
import { language, useWords } from '../../words/catalogue';
import type { Alert } from './asked';
import { referrals as codes } from './referral-words';
import { words } from './step-words';
import { useStep } from './steps';
import { useCodeNames } from './Visited';

type Referral = Schemas['ReferralOut'];
type Answer = Schemas['AnswerIn'];
const WHYS = ['NE_PROG', 'NE_INC', 'NE_ASS', 'AL_ENJ', 'REFUSE', 'NE_SHORT'];

/** What was asked of departments and is outstanding; their answers are recorded here for them. */
export function Referred({ alert }: { alert: Alert }): ReactElement | null {
  const t = useWords(words);
  const named = useWords(codes);
  const called = useCodeNames();
  const whys = WHYS.map((code) => ({ value: code, text: called(code) }));
  const query = useQuery({
    queryKey: ['referrals', 'of', alert.id],
    queryFn: () => told(api.GET('/api/v1/referrals', { params: { query: { alert: alert.id } } })),
    enabled: alert.status === 'referred',
  });
  if (alert.status !== 'referred') return null;
  const mine = query.data?.filter((one) => one.feed === null) ?? [];
  return (
    <section aria-labelledby="referred">
      <h2 id="referred">{t.referrals}</h2>
      {query.isPending ? <Skeleton lines={2} /> : null}
      {query.error === null ? null : <Failure error={query.error} what={t.referrals} onRetry={query.refetch} />}
      {query.isSuccess && mine.length === 0 ? <p>{t.noReferrals}</p> : null}
      {mine.map((one) => (
        <Outstanding
          key={one.id}
          one={one}
          what={one.code in named ? named[one.code as 'RF_MED'] : one.code}
          whys={whys}
        />
      ))}
    </section>
  );
}

type OutstandingProps = { one: Referral; what: string; whys: { value: string; text: string }[] };

/** One request that waits for its department; the office records the answer for it. */
export function Outstanding({ one, what, whys }: OutstandingProps): ReactElement {
  const t = useWords(words);
  const may = useMay();
  const step = useStep(one.version);
  const [receipt, setReceipt] = useState('');
  const [why, setWhy] = useState('');
  const say = (body: Answer) => (): void =>
    step.mutate({
      done: t.answered,
      send: (header) => {
        const params = { path: { referral_id: one.id }, header };
        return told(api.POST('/api/v1/referrals/{referral_id}/answers', { params, body }));
      },
    });
  return (
    <fieldset className="acting" aria-label={`${what} ${one.department}`}>
      <p>
        <b>{what}</b> · {one.department} · {t[one.status]} · {t.dueOn(writtenDay(one.due_on, language.get()))}
      </p>
      {may('referral.answer') ? (
        <>
          {one.status === 'sent' ? (
            <Button loading={step.isPending} onClick={say({ act: 'accept', why: null, receipt_no: null })}>
              {t.accept}
            </Button>
          ) : null}
          <Line label={t.receipt} value={receipt} most={64} onText={setReceipt} />
          <Button
            type="primary"
            disabled={receipt.trim() === ''}
            loading={step.isPending}
            onClick={say({ act: 'finish', why: null, receipt_no: receipt.trim() })}
          >
            {t.finish}
          </Button>
          <OneOf label={t.why} value={why} none={t.chooseWhy} options={whys} onChoose={setWhy} />
          {(['refuse', 'withdraw'] as const).map((act) => (
            <Button
              key={act}
              disabled={why === ''}
              loading={step.isPending}
              onClick={say({ act, why, receipt_no: null })}
            >
              {t[act]}
            </Button>
          ))}
        </>
      ) : null}
      {step.error === null ? null : <Failure error={step.error} />}
    </fieldset>
  );
}
