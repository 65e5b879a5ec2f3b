import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Button, Input } from 'antd';
import type { ReactElement } from 'react';
import { useId, useState } from 'react';
import { api, type Schemas } from '../../contract/client';
import { useSaid } from '../../parts/Failure';
import { Region } from '../../parts/Region';
import { saved } from '../../parts/saving';
import { work } from '../../parts/words-of-work';
import { writtenCount } from '../../parts/written';
import { useWords } from '../../words/catalogue';
import { shared } from '../../words/shared';
import { words } from './words';

const LEVELS = ['red', 'orange', 'yellow', 'blue'] as const;
const STATES = ['open', 'assigned', 'visited', 'snoozed', 'referred', 'suspended', 'returned', 'reopened'] as const;
const ALONE = 202;
type Sent = Schemas['AlertsOutIn'];

/** Alerts taken out as a workbook; more than one may take alone become a request. */
export function Out(): ReactElement {
  const t = useWords(words);
  const said = useSaid();
  const queries = useQueryClient();
  const [chosen, setChosen] = useState({ region: '', level: '', status: '', why: '' });
  const act = useMutation<string, unknown, typeof chosen>({
    mutationFn: async (asked) => {
      const { why, ...filters } = asked;
      const said = Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== ''));
      const body: Sent = { ...said, why };
      const got = await saved(api.POST('/api/v1/exports/alerts', { body, parseAs: 'blob' }), 'alerts.xlsx');
      await queries.invalidateQueries({ queryKey: ['export-requests'] });
      return got.status === ALONE ? t.asked(writtenCount((got.said as { rows: number }).rows)) : t.taken;
    },
  });
  return (
    <section>
      <h2>{t.out}</h2>
      <p className="quiet">{t.outHint}</p>
      <Fields chosen={chosen} onChange={setChosen} />
      <div className="row-of-buttons">
        <Button
          type="primary"
          loading={act.isPending}
          disabled={chosen.why.trim().length < 4}
          onClick={() => act.mutate(chosen)}
        >
          {t.take}
        </Button>
      </div>
      {act.error === null ? null : (
        <p role="alert" className="refused">
          {said(act.error)}
        </p>
      )}
      {act.data === undefined ? null : <p role="status">{act.data}</p>}
    </section>
  );
}

type Chosen = { region: string; level: string; status: string; why: string };

function Fields({ chosen, onChange }: { chosen: Chosen; onChange: (next: Chosen) => void }): ReactElement {
  const t = useWords(words);
  const common = useWords(shared);
  const states = useWords(work);
  const why = useId();
  const set = (part: keyof Chosen) => (event: { target: { value: string } }) =>
    onChange({ ...chosen, [part]: event.target.value });
  return (
    <div className="exchange-columns">
      <Region label={t.region} value={chosen.region} onChoose={(region) => onChange({ ...chosen, region })} />
      <label>
        {t.level}
        <select value={chosen.level} onChange={set('level')}>
          <option value="">{common.all}</option>
          {LEVELS.map((one) => (
            <option key={one} value={one}>
              {common[one]}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t.status}
        <select value={chosen.status} onChange={set('status')}>
          <option value="">{common.all}</option>
          {STATES.map((one) => (
            <option key={one} value={one}>
              {states[one]}
            </option>
          ))}
        </select>
      </label>
      <label htmlFor={why}>
        {t.why}
        <Input id={why} value={chosen.why} maxLength={100} placeholder={t.whyHint} onChange={set('why')} />
      </label>
    </div>
  );
}
