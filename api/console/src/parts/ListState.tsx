import type { ReactElement, ReactNode } from 'react';
import { useEffect, useState } from 'react';
import { Unreachable } from '../contract/client';
import { useWords } from '../words/catalogue';
import { shared } from '../words/shared';
import { Failure } from './Failure';

const PATIENCE_MS = 300;

/** As much of a query of react-query as its state is told by. */
export type Asked = {
  isPending: boolean;
  fetchStatus: 'fetching' | 'paused' | 'idle';
  error: unknown;
  refetch: () => unknown;
};

type Props = {
  query: Asked;
  /** What is listed, for the words of a failure: 预警. */
  what: string;
  /** How many there are once it has loaded. */
  count: number;
  /** Whether filters hide some. */
  narrowed?: boolean;
  onClear?: () => void;
  /** What is said when there is no work, never merely "no data". */
  nothing: ReactNode;
  children: ReactNode;
};

/** A list in whichever of its states it is: loading, nothing to do, nothing matches, offline, failed, or there. */
export function ListState(props: Props): ReactElement {
  const { query, count, narrowed = false } = props;
  if (query.isPending) return <Waiting {...props} />;
  if (query.error !== null && count === 0) return <Failed {...props} />;
  if (count === 0 && narrowed) return <NoMatch onClear={props.onClear} />;
  if (count === 0) return <div className="list-nothing">{props.nothing}</div>;
  return (
    <>
      {query.error === null ? null : <Failed {...props} />}
      {props.children}
    </>
  );
}

function Waiting(props: Props): ReactElement {
  if (props.query.fetchStatus === 'paused') return <Offline />;
  return <Skeleton />;
}

function Failed({ query, what }: Props): ReactElement {
  if (query.error instanceof Unreachable && !navigator.onLine) return <Offline />;
  return <Failure error={query.error} what={what} onRetry={() => query.refetch()} />;
}

function Offline(): ReactElement {
  const t = useWords(shared);
  return (
    <div className="list-nothing" role="status">
      <p>{t.offlineNothing}</p>
      <p className="quiet">{t.offlineHint}</p>
    </div>
  );
}

function NoMatch({ onClear }: { onClear: (() => void) | undefined }): ReactElement {
  const t = useWords(shared);
  return (
    <div className="list-nothing" role="status">
      <p>{t.nothingMatches}</p>
      {onClear === undefined ? null : (
        <button type="button" className="linkish" onClick={onClear}>
          {t.clear}
        </button>
      )}
    </div>
  );
}

/** Grey lines, but only for who has waited a while: a quick answer does not flicker. */
export function Skeleton({ lines = 6 }: { lines?: number }): ReactElement {
  const t = useWords(shared);
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div role="status" aria-busy="true" aria-label={t.loading} className="skeleton">
      {shown ? Array.from({ length: lines }, (_, at) => <div key={String(at)} className="skeleton-line" />) : null}
    </div>
  );
}

/** A whole page that is on its way: it says so, and has a heading as every page has. */
export function PageOnItsWay(): ReactElement {
  const t = useWords(shared);
  return (
    <div className="page-waiting">
      <h1 className="unseen">{t.loading}</h1>
      <Skeleton />
    </div>
  );
}
