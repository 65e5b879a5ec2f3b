import type { ReactElement } from 'react';
import { Refusal } from '../../contract/client';
import { Conflict, type Line } from '../../parts/Conflict';
import { Failure } from '../../parts/Failure';
import { useServed, useWords } from '../../words/catalogue';
import type { CaseActing } from './acting';
import type { Case } from './asked';
import { states } from './state-words';
import { words } from './words';

/** What was refused and what to do; and where somebody else was faster, both side by side. */
export function Trouble({ one, acting }: { one: Case; acting: CaseActing }): ReactElement | null {
  const { conflict, failure } = acting;
  if (conflict !== null) return <SideBySide one={one} acting={acting} conflict={conflict} />;
  if (failure === null) return null;
  return failure instanceof Refusal && failure.kind === 'unmet' ? (
    <Unmet refusal={failure} />
  ) : (
    <Failure error={failure} />
  );
}

type SideBySideProps = { one: Case; acting: CaseActing; conflict: NonNullable<CaseActing['conflict']> };

function SideBySide({ one, acting, conflict }: SideBySideProps): ReactElement {
  const t = useWords(words);
  const named = useWords(states);
  const served = useServed();
  const { meant, before } = conflict;
  const last = (of: Case): string => {
    const step = of.timeline.at(-1);
    return step === undefined ? '—' : `${served(step.zh, step.en)} · ${step.role === null ? t.system : step.by}`;
  };
  const left = (of: Case): string => String(of.measures.filter((each) => each.status === 'planned').length);
  const lines: Line[] = [
    { what: t.intended, mine: meant, theirs: '—' },
    { what: t.state, mine: named[before.status], theirs: named[one.status] },
    { what: t.lastStep, mine: last(before), theirs: last(one) },
    { what: t.measuresLeft, mine: left(before), theirs: left(one) },
  ];
  return <Conflict lines={lines} busy={acting.busy} onMine={acting.again} onTheirs={acting.giveUp} />;
}

/** A proposal that misses the standard: each thing it lacks, and what to do about it. */
function Unmet({ refusal }: { refusal: Refusal }): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const faults = refusal.problem.faults ?? [];
  return (
    <section className="failure case-unmet" role="alert" aria-label={t.unmet(faults.length)}>
      <h3>{t.unmet(faults.length)}</h3>
      <ul className="plain">
        {faults.map((one) => (
          <li key={one.code}>{served(one.zh, one.en)}</li>
        ))}
      </ul>
      <p>{t.unmetHint}</p>
    </section>
  );
}
