import type { ReactElement } from 'react';
import { Failure } from '../../parts/Failure';
import { Skeleton } from '../../parts/ListState';
import { Level } from '../../parts/small';
import { work } from '../../parts/words-of-work';
import { useServed, useWords } from '../../words/catalogue';
import { comma, labelled } from '../../words/marks';
import { useRuleNames } from '../board/names';
import { Against } from './Against';
import { type Alert, type Reason, useExplanation, useFeeds } from './asked';
import { words } from './words';

const STALE_DAYS = 7;
/** Reasons that rest on no row of an agency's data, and so clear by no data either. */
export const WITHOUT_ROWS = ['audit_sample', 'lead', 'model_suggestion'] as const;

/** Each reason: its sentence, value against limit, source, date of the data, law, version. */
export function Why({ alert }: { alert: Alert }): ReactElement {
  const t = useWords(words);
  return (
    <section aria-labelledby="why">
      <h2 id="why">{t.why}</h2>
      {alert.reasons.length === 0 ? <p>{t.model}</p> : null}
      <ol className="reasons">
        {alert.reasons.map((one, at) => (
          <ReasonShown key={one.rule} one={one} first={at === 0} seenOn={alert.seen_on} />
        ))}
      </ol>
    </section>
  );
}

type ReasonProps = { one: Reason; first: boolean; seenOn: string };

function ReasonShown({ one, first, seenOn }: ReasonProps): ReactElement {
  const t = useWords(words);
  const states = useWords(work);
  const served = useServed();
  const called = useRuleNames();
  const gone = one.status === 'active' ? '' : t[`state_${one.status}` as 'state_unknown'];
  const age = one.data_on === null ? 0 : daysBetween(one.data_on, seenOn);
  return (
    <li className={one.status === 'cleared' || one.status === 'annulled' ? 'gone' : ''}>
      <p>
        <Level level={one.level} /> <b>{called(one.rule)}</b> <span className="tag">{first ? t.main : t.minor}</span>
        <span className="tag">{states[one.direction]}</span>
        {gone === '' ? null : <span className="tag">{gone}</span>}
      </p>
      <p className="sentence">{served(one.sentence_zh, one.sentence_en)}</p>
      <Against one={one} />
      <p className="quiet">
        <Sources one={one} />
        {one.data_on === null ? '' : ` · ${t.dataOn} ${one.data_on}`}
        {age > STALE_DAYS ? <b className="late"> · {t.stale(age)}</b> : null}
      </p>
      <p className="quiet">
        {labelled(t.law)}
        {String(one.reference.title ?? '')} {String(one.reference.article ?? '')} · {t.version}{' '}
        {one.rule_version.slice(0, 8)}
      </p>
    </li>
  );
}

function Sources({ one }: { one: Reason }): ReactElement {
  const t = useWords(words);
  const named = useFeedNames();
  const names = Array.from(new Set(one.evidence.map((row) => named(String(row.feed)))));
  const other = WITHOUT_ROWS.find((rule) => rule === one.rule);
  return (
    <>
      {labelled(t.source)}
      {names.length > 0 ? names.join(comma()) : t[`from_${other ?? 'nothing'}`]}
    </>
  );
}

/** Return the name of a feed in the language chosen; its code until the list of feeds has come. */
export function useFeedNames(): (feed: string) => string {
  const served = useServed();
  const { data } = useFeeds();
  return (feed) => {
    const found = data?.find((one) => one.feed === feed);
    return found === undefined ? feed : served(found.zh, found.en);
  };
}

export function daysBetween(from: string, until: string): number {
  return Math.round((Date.parse(until) - Date.parse(from)) / 86_400_000);
}

/** What would have to change for each standing reason to clear by itself. */
export function Clears({ alert }: { alert: Alert }): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const query = useExplanation(alert.household_no);
  const standing = alert.reasons.filter((one) => one.status === 'active');
  const gone = alert.reasons.length > 0 && alert.reasons.every((one) => one.status === 'cleared');
  const byVisit = standing.length > 0 && standing.every((one) => WITHOUT_ROWS.some((rule) => rule === one.rule));
  const steps = (query.data?.answers ?? []).filter((one) => one.verdict === 'fires').flatMap((one) => one.nearest);
  return (
    <section aria-labelledby="clears">
      <h2 id="clears">{t.clears}</h2>
      {query.isPending ? <Skeleton lines={2} /> : null}
      {query.error === null ? null : <Failure error={query.error} what={t.clears} onRetry={query.refetch} />}
      {query.isSuccess && steps.length === 0 ? (
        <p>{gone ? t.clearsAll : byVisit ? t.clearsByVisit : t.clearsNot}</p>
      ) : null}
      <ul>
        {steps.map((one) => (
          <li key={one.zh}>{served(one.zh, one.en)}</li>
        ))}
      </ul>
    </section>
  );
}

/** What could not be seen: rules without their data, agencies that are late, rules that a finding keeps quiet. */
export function NotSeen({ alert }: { alert: Alert }): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const named = useFeedNames();
  const called = useRuleNames();
  const { data } = useExplanation(alert.household_no);
  const late = data?.stale_feeds ?? [];
  return (
    <section aria-labelledby="not-seen">
      <h2 id="not-seen">{t.notSeen}</h2>
      {alert.could_not_see.length > 0 || data === undefined ? null : (
        <p>{late.length > 0 ? t.judgedThough : t.notSeenNone}</p>
      )}
      <ul>
        {alert.could_not_see.map((one) => (
          <li key={one.rule}>{served(one.zh, one.en)}</li>
        ))}
        {late.length === 0 ? null : (
          <li>
            {labelled(t.lateFeeds)}
            {late.map(named).join(comma())}
          </li>
        )}
        {alert.quiet.map((one) => (
          <li key={one.rule}>
            {labelled(t.quiet)}
            {called(one.rule)}
            {comma()}
            {t.quietUntil(one.until_on)}
          </li>
        ))}
      </ul>
    </section>
  );
}
