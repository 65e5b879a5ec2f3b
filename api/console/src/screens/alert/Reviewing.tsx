import type { ReactElement } from 'react';
import { useState } from 'react';
import { useMay } from '../../app/session';
import { api, type Schemas, told } from '../../contract/client';
import { Button } from '../../parts/Button';
import { Failure } from '../../parts/Failure';
import { OneOf } from '../../parts/OneOf';
import { useWords } from '../../words/catalogue';
import { aside, labelled } from '../../words/marks';
import type { Alert } from './asked';
import { words } from './step-words';
import { useStep } from './steps';
import { useCodeNames } from './Visited';

const BACK = ['BACK_VISIT', 'BACK_FACTS', 'BACK_PAPERS', 'BACK_FINDING'] as const;

/** The second look at a finding: agreed to, or sent back with a reason. */
export function Reviewing({ alert }: { alert: Alert }): ReactElement | null {
  const t = useWords(words);
  const may = useMay();
  const named = useCodeNames();
  const [why, setWhy] = useState('');
  const step = useStep(alert.version);
  const waits = alert.status === 'town_review' || alert.status === 'county_review';
  if (!waits || !may('alert.review')) return null;
  const found = [...alert.follow_ups].reverse().find((one) => one.undone_at === null && one.supplement === null);
  const say = (body: Schemas['ReviewIn'], done: string) => (): void => {
    const params = { path: { alert_id: alert.id } };
    step.mutate({
      done,
      send: (header) => told(api.POST('/api/v1/alerts/{alert_id}/review', { params: { ...params, header }, body })),
    });
  };
  return (
    <section className="acting" aria-labelledby="review">
      <h2 id="review">
        {found === undefined ? t.review : labelled(t.review) + named(found.finding)}
        {found?.reason_code == null ? '' : aside(named(found.reason_code))}
      </h2>
      <p className="quiet">{t.reviewHint}</p>
      <Button type="primary" loading={step.isPending} onClick={say({ verdict: 'approve', why: null }, t.approved)}>
        {t.approve}
      </Button>
      <OneOf
        label={t.why}
        value={why}
        none={t.chooseWhy}
        options={BACK.map((code) => ({ value: code, text: t[code] }))}
        onChoose={setWhy}
      />
      <Button disabled={why === ''} loading={step.isPending} onClick={say({ verdict: 'send_back', why }, t.sentBack)}>
        {t.sendBack}
      </Button>
      {step.error === null ? null : <Failure error={step.error} />}
    </section>
  );
}
