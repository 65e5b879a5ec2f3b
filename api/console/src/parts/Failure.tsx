import type { ReactElement } from 'react';
import { Refusal, Unreachable } from '../contract/client';
import { useServed, useWords } from '../words/catalogue';
import { labelled } from '../words/marks';
import { shared } from '../words/shared';
import { Button } from './Button';

type Props = { error: unknown; what?: string; onRetry?: (() => void) | undefined; kept?: boolean };

/** What failed, whether the input is safe, what to do next, the incident's number, and another try. */
export function Failure({ error, what, onRetry, kept = true }: Props): ReactElement {
  const t = useWords(shared);
  return (
    <section className="failure" role="alert">
      {what === undefined ? null : <h2>{t.failed(what)}</h2>}
      <Said error={error} />
      {kept ? <p>{t.inputSafe}</p> : null}
      {onRetry === undefined ? null : <Button onClick={onRetry}>{t.retry}</Button>}
    </section>
  );
}

function Said({ error }: { error: unknown }): ReactElement {
  const t = useWords(shared);
  const served = useServed();
  if (error instanceof Refusal) {
    const { problem, incident } = error;
    return (
      <>
        <p>{served(problem.detail_zh, problem.detail)}</p>
        <p>
          {labelled(t.next)}
          {served(problem.next_zh, problem.next)}
        </p>
        {incident === '' ? null : <p className="quiet">{t.incident(incident)}</p>}
      </>
    );
  }
  if (error instanceof Unreachable) {
    return (
      <>
        <p>{navigator.onLine ? t.unreachable : t.unreachableOffline}</p>
        <p>{t.unreachableNext}</p>
      </>
    );
  }
  return <p>{t.broken}</p>;
}

/** Return a refusal in the language chosen, for a message of one line. */
export function useSaid(): (error: unknown) => string {
  const t = useWords(shared);
  const served = useServed();
  return (error) => {
    if (error instanceof Refusal) return served(error.problem.detail_zh, error.problem.detail);
    return error instanceof Unreachable ? t.unreachable : t.broken;
  };
}
