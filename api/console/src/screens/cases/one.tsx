import type { ReactElement } from 'react';
import { Link, useParams } from 'react-router';
import paths from '../../../paths.json';
import { useMay } from '../../app/session';
import { useStored } from '../../app/store';
import { Failure } from '../../parts/Failure';
import { Skeleton } from '../../parts/ListState';
import { Instant, Masked } from '../../parts/small';
import { writtenDay } from '../../parts/written';
import { language, useServed, useWords } from '../../words/catalogue';
import { aside, comma, labelled } from '../../words/marks';
import { type Case, useCase } from './asked';
import './cases.css';
import { useFactors } from './factors';
import { Later } from './later';
import { Now } from './now';
import { Outcome } from './outcome';
import { Plan } from './plan';
import { states } from './state-words';
import { words } from './words';

const ROAD = ['planning', 'notice', 'helping', 'removal', 'removal_notice', 'removed', 'ended'] as const;

/** One case from its plan to its end: where it stands, what comes next, and everything that was done. */
export default function CasePage(): ReactElement {
  const t = useWords(words);
  const { id = '' } = useParams();
  const { data, error, refetch } = useCase(id);
  return (
    <article className="case-page">
      <p>
        <Link to={paths.cases}>← {t.back}</Link>
      </p>
      <h1>{t.one}</h1>
      {data !== undefined ? (
        <>
          {error === null ? null : <Failure error={error} what={t.one} onRetry={refetch} />}
          <Whole one={data} />
        </>
      ) : error === null ? (
        <Skeleton />
      ) : (
        <Failure error={error} what={t.one} onRetry={() => void refetch()} kept={false} />
      )}
    </article>
  );
}

function Whole({ one }: { one: Case }): ReactElement {
  return (
    <>
      <Head one={one} />
      <Road one={one} />
      <Now one={one} />
      <Later one={one} />
      <Plan one={one} />
      <Outcome one={one} />
      <Story one={one} />
    </>
  );
}

function Head({ one }: { one: Case }): ReactElement {
  const t = useWords(words);
  const named = useWords(states);
  const factors = useFactors();
  const may = useMay();
  const chosen = useStored(language);
  return (
    <>
      <p className="case-who">
        <b>{one.name}</b> <Masked text={one.household_no} /> <span className="case-state">{named[one.status]}</span>
      </p>
      <p>
        {one.region_name} · {t.openedOn(writtenDay(one.opened_on, chosen))} · {labelled(t.factors)}
        {factors(one.risk_factors)}
      </p>
      <p className="case-links">
        {may('household.read') ? (
          <Link to={paths.household.replace(':no', one.household_no)}>{t.household}</Link>
        ) : null}
        {may('alert.read') ? <Link to={paths.alert.replace(':id', one.alert_id)}>{t.alert}</Link> : null}
      </p>
    </>
  );
}

/** How far the case has come, of what it goes through. */
function Road({ one }: { one: Case }): ReactElement {
  const t = useWords(words);
  const named = useWords(states);
  return (
    <ol className="case-road" aria-label={t.road}>
      {ROAD.map((state) => (
        <li key={state} aria-current={state === one.status ? 'step' : undefined}>
          {named[state]}
        </li>
      ))}
      {one.status === 'questioned' || one.status === 'annulled' ? (
        <li aria-current="step">{named[one.status]}</li>
      ) : null}
    </ol>
  );
}

/** Everything that was done, the newest first. */
function Story({ one }: { one: Case }): ReactElement {
  const t = useWords(words);
  return (
    <section aria-labelledby="story">
      <h2 id="story">{t.story}</h2>
      <ol className="case-story">
        {[...one.timeline].reverse().map((step) => (
          <Told key={step.at + step.kind} step={step} />
        ))}
      </ol>
    </section>
  );
}

/** What a step may keep beside its name. */
type Detail = { present?: number; agreed?: number; months?: number; found?: 'holds' | 'back' };

function Told({ step }: { step: Case['timeline'][number] }): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const { present, agreed, months, found } = step.detail as Detail;
  const more = [
    present !== undefined && agreed !== undefined ? t.appraised(present, agreed) : '',
    months === undefined ? '' : t.month(months),
    found === undefined ? '' : t[`found_${found}`],
  ].filter((said) => said !== '');
  return (
    <li>
      <Instant at={step.at} /> {served(step.zh, step.en)}
      {more.length === 0 ? '' : aside(more.join(comma()))}
      <span className="quiet"> · {step.role === null ? t.system : t.by(step.by)}</span>
    </li>
  );
}
