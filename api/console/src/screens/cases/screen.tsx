import type { ReactElement } from 'react';
import { Link } from 'react-router';
import paths from '../../../paths.json';
import { useStored } from '../../app/store';
import { type Filtering, useFiltering } from '../../parts/filtering';
import '../../parts/lists.css';
import { OneOf } from '../../parts/OneOf';
import { Paged } from '../../parts/Paged';
import { Region } from '../../parts/Region';
import { Masked } from '../../parts/small';
import { useStepping } from '../../parts/stepping';
import { writtenDay } from '../../parts/written';
import { language, useWords } from '../../words/catalogue';
import { labelled } from '../../words/marks';
import { type Brief, type Narrow, type Status, useCases, useWaiting, WAITS, type Waits } from './asked';
import './cases.css';
import { useFactors } from './factors';
import { states } from './state-words';
import { words } from './words';

const NAMES = ['region', 'status', 'waits'] as const;

/** The households that are helped: what waits to be done, and every case that has not ended. */
export default function Cases(): ReactElement {
  const t = useWords(words);
  const { said, set, clear } = useFiltering(NAMES);
  const narrow = narrowOf(said);
  const query = useCases(narrow);
  const box = useStepping<HTMLDivElement>();
  const narrowed = Object.keys(narrow).length > 0;
  return (
    <div className="cases" ref={box}>
      <h1>{t.title}</h1>
      <p className="quiet">{t.hint}</p>
      <WaitsFor narrow={narrow} onSet={set} />
      <Narrowing narrow={narrow} onSet={set} />
      <Paged query={query} what={t.list} narrowed={narrowed} onClear={clear} nothing={t.nothing} shown={t.shown}>
        {(found) => (
          <ul className="boxed-list">
            {found.map((one) => (
              <Line key={one.id} one={one} />
            ))}
          </ul>
        )}
      </Paged>
    </div>
  );
}

function narrowOf({ region, status, waits }: Filtering<keyof Narrow>['said']): Narrow {
  const narrow: Narrow = region === undefined ? {} : { region };
  if (status !== undefined && status in states.zh) narrow.status = status as Status;
  if (WAITS.some((one) => one === waits)) narrow.waits = waits as Waits;
  return narrow;
}

type NarrowingProps = { narrow: Narrow; onSet: Filtering<keyof Narrow>['set'] };

/** What waits comes first: how many of each, and each can be shown alone. */
function WaitsFor({ narrow, onSet }: NarrowingProps): ReactElement {
  const t = useWords(words);
  const { data } = useWaiting(narrow.region);
  return (
    <fieldset className="list-filters case-waits" aria-label={t.waits}>
      <button type="button" aria-pressed={narrow.waits === undefined} onClick={() => onSet('waits', '')}>
        {t.everything}
      </button>
      {WAITS.map((one) => (
        <button
          key={one}
          type="button"
          aria-pressed={narrow.waits === one}
          onClick={() => onSet('waits', narrow.waits === one ? '' : one)}
        >
          {t[one]} {data?.[one] ?? ''}
        </button>
      ))}
    </fieldset>
  );
}

function Narrowing({ narrow, onSet }: NarrowingProps): ReactElement {
  const t = useWords(words);
  const named = useWords(states);
  return (
    <div className="list-filters">
      <Region label={t.region} value={narrow.region ?? ''} onChoose={(code) => onSet('region', code)} />
      <OneOf
        label={t.state}
        value={narrow.status ?? ''}
        none={t.living}
        options={Object.entries(named).map(([value, text]) => ({ value, text }))}
        onChoose={(status) => onSet('status', status)}
      />
    </div>
  );
}

function Line({ one }: { one: Brief }): ReactElement {
  const t = useWords(words);
  const named = useWords(states);
  const factors = useFactors();
  const chosen = useStored(language);
  return (
    <li>
      <Link to={paths.case.replace(':id', one.id)} data-line>
        <b>{one.name}</b> <Masked text={one.household_no} />
      </Link>
      <span className="case-state">{named[one.status]}</span>
      {one.waits.map((each) => (
        <span key={each} className="late">
          {t[each]}
        </span>
      ))}
      <span>
        {labelled(t.factors)}
        {factors(one.risk_factors)}
      </span>
      <span className="quiet">
        {one.region_name} · {t.openedOn(writtenDay(one.opened_on, chosen))}
        {one.notice_until === null || !one.status.endsWith('notice')
          ? ''
          : ` · ${t.noticeUntil(writtenDay(one.notice_until, chosen))}`}
        {one.removed_on === null ? '' : ` · ${t.removedOn(writtenDay(one.removed_on, chosen))}`}
      </span>
    </li>
  );
}
