import type { ReactElement } from 'react';
import { Failure } from '../../parts/Failure';
import { Skeleton } from '../../parts/ListState';
import { Day } from '../../parts/small';
import { work } from '../../parts/words-of-work';
import { useServed, useWords } from '../../words/catalogue';
import { labelled } from '../../words/marks';
import { type Alert, useTimeline } from './asked';
import { words } from './words';

// GB/T 4761, by the first of its two digits; 01 and 02 are the head.
const RELATIONS: Record<string, [string, string]> = {
  0: ['户主', 'head'],
  1: ['配偶', 'spouse'],
  2: ['子', 'son'],
  3: ['女', 'daughter'],
  4: ['孙子女', 'grandchild'],
  5: ['父母', 'parent'],
  6: ['祖父母', 'grandparent'],
  7: ['兄弟姐妹', 'sibling'],
  8: ['其他', 'other'],
};

export function useRelation(): (code: string | null) => string {
  const served = useServed();
  return (code) => {
    const found = code === null ? undefined : RELATIONS[code.charAt(0)];
    return found === undefined ? '—' : served(...found);
  };
}

/** Who belongs to the household, and the category of help it is in. */
export function Members({ alert }: { alert: Alert }): ReactElement {
  const t = useWords(words);
  const states = useWords(work);
  const relation = useRelation();
  const category = alert.category as keyof typeof states | null;
  return (
    <section aria-labelledby="members">
      <h2 id="members">{t.members}</h2>
      <p>
        {labelled(t.category)}
        {category === null ? '—' : (states[category] ?? category)}
      </p>
      <ul>
        {alert.members.map((one) => (
          <li key={one.place}>
            {t.memberNo(one.place)} · {relation(one.relation)} · <b>{one.name}</b>
            {one.sex === '1' ? ` · ${t.male}` : one.sex === '2' ? ` · ${t.female}` : ''}
            {one.born_in === null ? '' : ` · ${t.bornIn(one.born_in)}`}
          </li>
        ))}
      </ul>
    </section>
  );
}

const SHOWN_AT_FIRST = 12;

/** Everything that happened to the household, the newest first. */
export function Timeline({ household }: { household: string }): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const query = useTimeline(household);
  const entries = query.data?.entries ?? [];
  return (
    <section aria-labelledby="timeline">
      <h2 id="timeline">{t.timeline}</h2>
      {query.isPending ? <Skeleton lines={3} /> : null}
      {query.error === null ? null : <Failure error={query.error} what={t.timeline} onRetry={query.refetch} />}
      <ol className="timeline">
        {entries.slice(0, SHOWN_AT_FIRST).map((one) => (
          <li key={`${one.kind}${one.subject}${one.at ?? one.on}`}>
            <Day day={one.on} /> {served(one.zh, one.en)}
            {one.by === null ? null : <span className="quiet"> · {one.by === 'system' ? t.system : t.by(one.by)}</span>}
          </li>
        ))}
      </ol>
    </section>
  );
}
