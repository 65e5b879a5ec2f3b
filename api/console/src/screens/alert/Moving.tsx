import type { ReactElement } from 'react';
import { useState } from 'react';
import { useMay } from '../../app/session';
import { api, told } from '../../contract/client';
import { Button } from '../../parts/Button';
import { Failure } from '../../parts/Failure';
import { Line } from '../../parts/Line';
import { OneOf } from '../../parts/OneOf';
import { useWords } from '../../words/catalogue';
import { shared } from '../../words/shared';
import type { Alert } from './asked';
import { words } from './step-words';
import { useStep } from './steps';

const WHYS = ['LIVES_ELSEWHERE', 'MOVED', 'WRONG_PLACE'] as const;
type Why = (typeof WHYS)[number];
const LEAST_CODE = 6;

/** What another region handed over: taken over, or sent back with a reason. */
export function HandedHere({ alert }: { alert: Alert }): ReactElement | null {
  const t = useWords(words);
  const may = useMay();
  const step = useStep(alert.version);
  const [why, setWhy] = useState<Why>('WRONG_PLACE');
  if (alert.status !== 'transferred' || !may('alert.assign')) return null;
  const path = { alert_id: alert.id };
  const take = (): void =>
    step.mutate({
      done: t.taken,
      send: (header) => told(api.POST('/api/v1/alerts/{alert_id}/take-over', { params: { path, header } })),
    });
  const decline = (): void =>
    step.mutate({
      done: t.declined,
      send: (header) =>
        told(api.POST('/api/v1/alerts/{alert_id}/decline', { params: { path, header }, body: { why } })),
    });
  return (
    <section className="acting" aria-label={t.handedHere}>
      <p>{t.handedHere}</p>
      <Button type="primary" loading={step.isPending} onClick={take}>
        {t.takeOver}
      </Button>
      <Whys why={why} onWhy={setWhy} />
      <Button loading={step.isPending} onClick={decline}>
        {t.decline}
      </Button>
      {step.error === null ? null : <Failure error={step.error} />}
    </section>
  );
}

function Whys({ why, onWhy }: { why: Why; onWhy: (why: Why) => void }): ReactElement {
  const t = useWords(words);
  const options = WHYS.map((code) => ({ value: code, text: t[code] }));
  return <OneOf label={t.why} value={why} options={options} onChoose={(code) => onWhy(code as Why)} />;
}

/** Give the alert to the region where the household lives: it is theirs from then on. */
export function HandOverPanel({ alert, onClose }: { alert: Alert; onClose: () => void }): ReactElement {
  const t = useWords(words);
  const common = useWords(shared);
  const step = useStep(alert.version);
  const [region, setRegion] = useState('');
  const [why, setWhy] = useState<Why>('LIVES_ELSEWHERE');
  const go = (): void =>
    step.mutate({
      done: t.handed,
      send: (header) => {
        const params = { path: { alert_id: alert.id }, header };
        return told(api.POST('/api/v1/alerts/{alert_id}/hand-over', { params, body: { region, why } })).then(onClose);
      },
    });
  return (
    <fieldset className="acting" aria-label={t.handOver}>
      <p className="quiet">{t.handHint}</p>
      <Line label={t.handTo} value={region} most={12} onText={setRegion} />
      <Whys why={why} onWhy={setWhy} />
      <Button type="primary" disabled={region.length < LEAST_CODE} loading={step.isPending} onClick={go}>
        {t.handOver}
      </Button>
      <Button onClick={onClose}>{common.cancel}</Button>
      {step.error === null ? null : <Failure error={step.error} />}
    </fieldset>
  );
}
