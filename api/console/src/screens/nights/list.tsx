import type { ReactElement } from 'react';
import { useMay } from '../../app/session';
import { Button } from '../../parts/Button';
import { Heads } from '../../parts/Heads';
import '../../parts/reading.css';
import { Day, Instant } from '../../parts/small';
import { writtenCount } from '../../parts/written';
import { useWords } from '../../words/catalogue';
import { aside } from '../../words/marks';
import type { Night } from './asked';
import { useRunningAgain } from './bars';
import { Figure } from './figure';
import { words } from './words';

type Words = ReturnType<typeof useWords<(typeof words)['zh']>>;

/** The scans, newest first, each beside what was usual before it. */
export function NightTable({ nights }: { nights: Night[] }): ReactElement {
  const t = useWords(words);
  const numbers = [[t.households], [t.aside], [t.raised], [t.cleared]] as const;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section className="nights-wide" tabIndex={0} aria-label={t.nights}>
      <table className="plain-table stacked">
        <Heads titles={[t.day, t.state, t.begun, t.took, ...numbers, t.compared, t.ruleset]} />
        <tbody>
          {nights.map((night) => (
            <NightRow key={night.run} night={night} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function NightRow({ night }: { night: Night }): ReactElement {
  const t = useWords(words);
  const count = (n: number | null) => (n === null ? '' : writtenCount(n));
  return (
    <tr>
      <th scope="row">
        <Day day={night.as_of} /> {night.scope}
      </th>
      <td data-label={t.state}>
        <State night={night} />
      </td>
      <td data-label={t.begun}>{night.started_at === null ? '' : <Instant at={night.started_at} />}</td>
      <td data-label={t.took}>{night.seconds === null ? '' : t.seconds(night.seconds)}</td>
      <Figure label={t.households} said={count(night.households)} />
      <Figure label={t.aside} said={count(night.set_aside)} />
      <Figure label={t.raised} said={count(night.raised)} />
      <Figure label={t.cleared} said={count(night.cleared)} />
      <td data-label={t.compared}>{compared(t, night)}</td>
      <td data-label={t.ruleset} className="masked">
        {night.policy_version?.slice(0, 12)}
      </td>
    </tr>
  );
}

function State({ night }: { night: Night }): ReactElement {
  const t = useWords(words);
  const may = useMay();
  const { act, problem, busy } = useRunningAgain();
  const named: Record<string, string> = {
    requested: t.requested,
    running: t.running,
    done: t.done,
    done_with_quarantine: t.done_with_quarantine,
    held: t.held,
    failed: t.failed,
    interrupted: t.interrupted,
    missed: t.missed,
  };
  return (
    <>
      {named[night.status] ?? night.status}
      {night.attempt > 1 ? <span className="quiet">{aside(t.try(night.attempt))}</span> : null}{' '}
      {night.can_release && may('run.start') ? (
        <Button size="small" loading={busy} onClick={() => act(night.run)}>
          {night.status === 'held' ? t.letGo : t.again}
        </Button>
      ) : null}
      {problem === '' ? null : <span role="alert">{problem}</span>}
    </>
  );
}

function compared(t: Words, night: Night): string {
  if (night.usual === null || night.raised === null) return t.noUsual;
  const change = night.usual === 0 ? '' : `${Math.round(((night.raised - night.usual) / night.usual) * 100)}%`;
  const signed = change === '' || change.startsWith('-') ? change : `+${change}`;
  return t.usualIs(writtenCount(Math.round(night.usual)), signed || t.noUsual);
}
