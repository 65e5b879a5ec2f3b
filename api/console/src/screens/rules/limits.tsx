import type { ReactElement, RefObject } from 'react';
import { useRef, useState } from 'react';
import { Link, useNavigate } from 'react-router';
import paths from '../../../paths.json';
import { useKeys } from '../../app/keys';
import { Failure } from '../../parts/Failure';
import { ListState, Skeleton } from '../../parts/ListState';
import { Day } from '../../parts/small';
import { useStepping } from '../../parts/stepping';
import { useServed, useWords } from '../../words/catalogue';
import { comma, labelled } from '../../words/marks';
import { shared } from '../../words/shared';
import { useRuleNames } from '../board/names';
import { type LimitBrief, limitsChosen, NO_LIMITS, useLimit, useLimits } from './asked';
import { pathOf } from './card';
import './rules.css';
import { LimitTable, writtenAmount } from './values';
import { words } from './words';

/** Every limit that can be set, also those that no rule goes by: each opens to its values by region, category and day. */
export default function Limits(): ReactElement {
  const t = useWords(words);
  const query = useLimits();
  const [narrow, setNarrow] = useState(NO_LIMITS);
  const box = useStepping<HTMLUListElement>();
  const find = useRef<HTMLInputElement>(null);
  const go = useNavigate();
  useKeys({ '/': () => find.current?.focus(), Escape: () => go(paths.rules) });
  const all = query.data?.parameters ?? [];
  const found = limitsChosen(all, narrow);
  const samples = all.filter((one) => one.sample).length;
  return (
    <>
      <p>
        <Link to={paths.rules}>← {t.back}</Link>
      </p>
      <h1>{t.limits}</h1>
      {query.data === undefined ? null : (
        <p className="quiet">
          {t.about(query.data.version.slice(0, 12))} <Day day={query.data.as_of} /> · {t.readOnly}
        </p>
      )}
      {samples === 0 ? null : <p className="bar-yellow">{t.limitSamples(samples, all.length)}</p>}
      <search className="narrowing">
        <Find narrow={narrow} onChange={setNarrow} find={find} />
      </search>
      <p className="quiet" role="status">
        {query.data === undefined ? '' : t.shown(found.length, all.length)}
      </p>
      <ListState
        query={query}
        what={t.limits}
        count={found.length}
        narrowed={all.length > 0}
        onClear={() => setNarrow(NO_LIMITS)}
        nothing={<p>{t.noLimits}</p>}
      >
        <ul className="rules limits" ref={box} aria-label={t.limits}>
          {found.map((one) => (
            <Limit key={one.name} one={one} />
          ))}
        </ul>
      </ListState>
    </>
  );
}

type Narrow = typeof NO_LIMITS;
type FindProps = {
  narrow: Narrow;
  onChange: (next: Narrow) => void;
  find: RefObject<HTMLInputElement | null>;
};

function Find({ narrow, onChange, find }: FindProps): ReactElement {
  const t = useWords(words);
  const s = useWords(shared);
  return (
    <>
      <label>
        {s.search}
        <input
          ref={find}
          type="search"
          placeholder={t.findLimit}
          value={narrow.text}
          onChange={(event) => onChange({ ...narrow, text: event.target.value })}
        />
      </label>
      <label className="tick">
        <input
          type="checkbox"
          checked={narrow.samples}
          onChange={(event) => onChange({ ...narrow, samples: event.target.checked })}
        />
        {t.onlySamples}
      </label>
    </>
  );
}

function Limit({ one }: { one: LimitBrief }): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const [open, setOpen] = useState(false);
  const unit = one.unit.zh === '' ? '' : served(one.unit.zh, one.unit.en);
  return (
    <li className="rule-card">
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary data-line>
          <b>{served(one.called.zh, one.called.en)}</b> {one.now === null ? null : writtenAmount(one.now, unit === '')}{' '}
          <span className="quiet">
            {unit}
            {unit === '' && one.now === null ? '' : ' · '}
            {t.limitValues(one.values)}
            {one.by_category ? ` · ${t.byCategory}` : ''}
          </span>
          {one.sample ? <strong className="sample"> {t.sample}</strong> : null}
        </summary>
        {open ? <Opened one={one} /> : null}
      </details>
    </li>
  );
}

function Opened({ one }: { one: LimitBrief }): ReactElement {
  const t = useWords(words);
  const named = useRuleNames();
  const query = useLimit(one.name);
  if (query.error !== null) return <Failure error={query.error} onRetry={() => query.refetch()} kept={false} />;
  if (query.data === undefined) return <Skeleton lines={2} />;
  return (
    <>
      <p>
        {labelled(t.goesBy)}
        {one.rules.length === 0 ? t.goesByNone : null}
        {one.rules.map((rule, at) => (
          <span key={rule}>
            {at === 0 ? '' : comma()}
            <Link to={pathOf(rule)}>{named(rule)}</Link>
          </span>
        ))}
      </p>
      <LimitTable parameter={query.data} />
    </>
  );
}
