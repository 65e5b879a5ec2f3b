import type { ReactElement } from 'react';
import { useState } from 'react';
import { useMay } from '../../app/session';
import { useStored } from '../../app/store';
import { Button } from '../../parts/Button';
import { cityToday, writtenDay } from '../../parts/written';
import { language, useWords } from '../../words/catalogue';
import { useCaseActing } from './acting';
import type { Case, Status } from './asked';
import { type Edge, Panel } from './panels';
import { Trouble } from './trouble';
import { words } from './words';

const EDGES: Record<Edge, 'case.work' | 'case.review'> = {
  adopt: 'case.work',
  publish: 'case.work',
  propose: 'case.work',
  appraise: 'case.work',
  remove: 'case.review',
  finish: 'case.work',
  uphold: 'case.work',
  object: 'case.work',
  refuse: 'case.review',
  relapse: 'case.work',
  question: 'case.review',
  annul: 'case.review',
  end: 'case.work',
};
/** The step by which a case goes on from where it stands; the others are asides. */
const ONWARD: Partial<Record<Status, Edge[]>> = {
  planning: ['adopt', 'publish'],
  notice: ['adopt'],
  helping: ['propose'],
  removal: ['appraise'],
  removal_notice: ['remove'],
  removed: ['finish'],
  questioned: ['uphold'],
};
/** Null: it is looked into when the step is taken. */
type Need = { text: string; holds: boolean | null };

/** What comes next and what must hold for it, in words; and the steps that are open to me. */
export function Now({ one }: { one: Case }): ReactElement {
  const t = useWords(words);
  const needs = useNeeds(one);
  return (
    <section aria-labelledby="now" className="case-now">
      <h2 id="now">{t.now}</h2>
      <p>{t[`todo_${one.status}`]}</p>
      {needs.length === 0 ? null : (
        <ul className="case-needs" aria-label={t.before}>
          {needs.map(({ text, holds }) => (
            <li key={text}>
              <Held holds={holds} /> {text}
            </li>
          ))}
        </ul>
      )}
      <Steps one={one} ready={needs.every((need) => need.holds !== false)} />
    </section>
  );
}

function Held({ holds }: Pick<Need, 'holds'>): ReactElement {
  const t = useWords(words);
  if (holds === null) return <span className="case-asked">{t.needs}</span>;
  return <span className={holds ? 'case-has' : 'case-lacks'}>{holds ? t.has : t.lacks}</span>;
}

function useNeeds(one: Case): Need[] {
  const t = useWords(words);
  const chosen = useStored(language);
  const planned = one.measures.filter((each) => each.status === 'planned').length;
  const done = one.measures.filter((each) => each.status === 'done').length;
  const made = one.later_checks.filter((each) => each.done_on !== null).length;
  const until = one.notice_until;
  const measures = { text: t.need_measures(planned + done), holds: planned + done > 0 };
  const over = until === null ? [] : [{ text: t.need_notice(writtenDay(until, chosen)), holds: cityToday() > until }];
  const needs: Partial<Record<Status, Need[]>> = {
    planning: [measures],
    notice: [measures, ...over],
    helping: [
      { text: t.need_done(done, planned), holds: planned === 0 && done > 0 },
      { text: t.need_visit, holds: null },
    ],
    removal: [{ text: t.need_majority, holds: null }],
    removal_notice: [...over, { text: t.need_another, holds: !one.mine }],
    removed: [{ text: t.need_checks(made, one.later_checks.length), holds: made === one.later_checks.length }],
    questioned: [{ text: t.need_verified, holds: null }],
  };
  return needs[one.status] ?? [];
}

/** Which of the steps wait until everything holds; the others are looked into by whoever goes them. */
const WAITING: readonly Edge[] = ['adopt', 'remove', 'finish'];

function Steps({ one, ready }: { one: Case; ready: boolean }): ReactElement {
  const t = useWords(words);
  const may = useMay();
  const acting = useCaseActing(one);
  const [panel, setPanel] = useState<Edge | null>(null);
  const open = (Object.keys(EDGES) as Edge[]).filter((edge) => one.may.includes(edge) && may(EDGES[edge]));
  const onward = (ONWARD[one.status] ?? []).filter((edge) => open.includes(edge));
  const others = open.filter((edge) => !onward.includes(edge));
  const button = (edge: Edge, first: boolean): ReactElement => (
    <Button
      key={edge}
      type={first ? 'primary' : 'default'}
      aria-expanded={panel === edge}
      disabled={WAITING.includes(edge) && !ready}
      onClick={() => setPanel(panel === edge ? null : edge)}
    >
      {t[edge]}
    </Button>
  );
  return (
    <>
      <Elsewhere one={one} mine={onward.length > 0} />
      {onward.length === 0 ? null : (
        <div className="row-of-buttons">{onward.map((edge, at) => button(edge, at === 0))}</div>
      )}
      {others.length === 0 ? null : (
        <details className="case-others" open={panel !== null && others.includes(panel) ? true : undefined}>
          <summary>{t.other}</summary>
          <div className="row-of-buttons">{others.map((edge) => button(edge, false))}</div>
        </details>
      )}
      {panel === null || !one.may.includes(panel) ? null : (
        <Panel key={panel} edge={panel} one={one} acting={acting} onClose={() => setPanel(null)} />
      )}
      <Trouble one={one} acting={acting} />
    </>
  );
}

/** Whose the next step is where it is not mine. */
function Elsewhere({ one, mine }: { one: Case; mine: boolean }): ReactElement | null {
  const t = useWords(words);
  if (one.status === 'removal_notice' && one.mine) return <p role="note">{t.mine}</p>;
  if (mine || ONWARD[one.status] === undefined) return null;
  return <p role="note">{one.status === 'removal_notice' ? t.waitCounty : t.waitTown}</p>;
}
