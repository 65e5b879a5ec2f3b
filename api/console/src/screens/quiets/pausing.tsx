import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { useMay } from '../../app/session';
import { api, told } from '../../contract/client';
import { Button } from '../../parts/Button';
import { DayField } from '../../parts/DayField';
import { Failure } from '../../parts/Failure';
import { newId } from '../../parts/ids';
import { OneOf } from '../../parts/OneOf';
import { inDays } from '../../parts/putting-off';
import { offerUndo } from '../../parts/Undo';
import { useWords } from '../../words/catalogue';
import { useRuleNames } from '../board/names';
import { PAUSED, type PausedWhy, words } from './words';

const MOST_DAYS = 180;
const USUAL_DAYS = 30;
type Props = { no: string; rules: string[] };

/** One rule of those that spoke of a household is kept quiet for a time, by hand and with a reason. */
export function Pausing({ no, rules }: Props): ReactElement | null {
  const t = useWords(words);
  const may = useMay();
  if (!may('alert.assign') || rules.length === 0) return null;
  return (
    <details>
      <summary>{t.pausing}</summary>
      <p className="quiet">{t.pausingHint}</p>
      <Form no={no} rules={rules} />
    </details>
  );
}

function Form({ no, rules }: Props): ReactElement {
  const t = useWords(words);
  const named = useRuleNames();
  const queries = useQueryClient();
  const [rule, setRule] = useState(rules[0] ?? '');
  const [until, setUntil] = useState(inDays(USUAL_DAYS));
  const [why, setWhy] = useState<PausedWhy | ''>('');
  const pausing = useMutation<unknown, unknown, PausedWhy>({
    mutationFn: (said) => {
      const params = { path: { household_no: no, rule }, header: { 'Idempotency-Key': newId() } };
      const body = { until_on: until, why: said };
      return told(api.POST('/api/v1/households/{household_no}/quiets/{rule}', { params, body }));
    },
    onSuccess: () => offerUndo({ text: t.pausedNow }),
    onSettled: () => queries.invalidateQueries(),
  });
  return (
    <fieldset className="acting" aria-label={t.pausing}>
      <OneOf
        label={t.pausingRule}
        value={rule}
        options={rules.map((one) => ({ value: one, text: named(one) }))}
        onChoose={setRule}
      />
      <DayField label={t.pausingUntil} value={until} min={inDays(1)} max={inDays(MOST_DAYS)} onDay={setUntil} />
      <OneOf
        label={t.pausingWhy}
        value={why}
        none={t.chooseWhy}
        options={PAUSED.map((code) => ({ value: code, text: t[code] }))}
        onChoose={(code) => setWhy(code as PausedWhy | '')}
      />
      <Button
        type="primary"
        disabled={why === '' || until === ''}
        loading={pausing.isPending}
        onClick={() => why !== '' && pausing.mutate(why)}
      >
        {t.pause}
      </Button>
      {pausing.error === null ? null : <Failure error={pausing.error} />}
    </fieldset>
  );
}
