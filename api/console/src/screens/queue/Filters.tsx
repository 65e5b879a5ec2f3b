import type { ReactElement } from 'react';
import { useMay } from '../../app/session';
import { OneOf, type Option } from '../../parts/OneOf';
import { Region } from '../../parts/Region';
import { work } from '../../parts/words-of-work';
import { useWords } from '../../words/catalogue';
import { shared } from '../../words/shared';
import { type Narrowing, useColleagues } from './asked';
import { words } from './words';

const LEVELS = ['red', 'orange', 'yellow', 'blue'] as const;
const FACTORS = [
  'illness',
  'disability',
  'schooling',
  'work',
  'income',
  'housing',
  'disaster',
  'accident',
  'family',
  'combined',
  'property',
  'payment',
] as const;
const STATUSES = [
  'open',
  'assigned',
  'visited',
  'snoozed',
  'referred',
  'suspended',
  'town_review',
  'county_review',
  'returned',
  'transferred',
  'reopened',
  'closed',
  'annulled',
] as const;
const DIRECTIONS = ['help', 'leave', 'check'] as const;

/** Everything by which the queue can be narrowed; the rarer filters stand behind "more". */
export function Filters({ narrowing }: { narrowing: Narrowing }): ReactElement {
  const t = useWords(words);
  const common = useWords(shared);
  const states = useWords(work);
  const { narrow, set } = narrowing;
  const said = (names: readonly (keyof typeof states)[]): Option[] =>
    names.map((name) => ({ value: name, text: states[name] }));
  const levels = LEVELS.map((name) => ({ value: name, text: common[name] }));
  const one = (name: 'level' | 'factor' | 'status' | 'direction', label: string, options: Option[]): ReactElement => (
    <OneOf
      label={label}
      value={narrow[name] ?? ''}
      none={common.all}
      options={options}
      onChoose={(value) => set(name, value)}
    />
  );
  return (
    <div className="filters">
      <Region label={t.region} value={narrow.region ?? ''} onChoose={(code) => set('region', code)} />
      {one('level', t.level, levels)}
      {one('factor', t.factor, said(FACTORS))}
      <Owner narrowing={narrowing} />
      <details>
        <summary>{t.moreFilters}</summary>
        <div className="filters">
          {one('status', t.status, said(STATUSES))}
          {one('direction', t.direction, said(DIRECTIONS))}
          <Truth name="recurring" label={t.recurring} yes={t.again} no={t.fresh} narrowing={narrowing} />
          <Truth name="cleared" label={t.cleared} yes={t.allCleared} no={t.notCleared} narrowing={narrowing} />
        </div>
      </details>
      {narrowing.narrowed ? (
        <button type="button" className="linkish" onClick={narrowing.clear}>
          {common.clear}
        </button>
      ) : null}
    </div>
  );
}

function Owner({ narrowing }: { narrowing: Narrowing }): ReactElement {
  const t = useWords(words);
  const common = useWords(shared);
  const may = useMay();
  const { data } = useColleagues();
  const options = [
    ...(may('alert.work') ? [{ value: 'me', text: t.me }] : []),
    { value: 'nobody', text: t.nobody },
    ...(data ?? []).map((one) => ({ value: one.id, text: one.name })),
  ];
  return (
    <OneOf
      label={t.owner}
      value={narrowing.narrow.owner ?? ''}
      none={common.all}
      options={options}
      onChoose={(value) => narrowing.set('owner', value)}
    />
  );
}

type TruthProps = { name: 'cleared' | 'recurring'; label: string; yes: string; no: string; narrowing: Narrowing };

function Truth({ name, label, yes, no, narrowing }: TruthProps): ReactElement {
  const common = useWords(shared);
  const value = narrowing.narrow[name];
  return (
    <OneOf
      label={label}
      value={value === undefined || value === null ? '' : String(value)}
      none={common.all}
      options={[
        { value: 'true', text: yes },
        { value: 'false', text: no },
      ]}
      onChoose={(chosen) => narrowing.set(name, chosen)}
    />
  );
}
