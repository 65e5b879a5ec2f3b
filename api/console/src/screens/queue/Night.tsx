import type { ReactElement } from 'react';
import { isRecent, writtenInstant } from '../../parts/written';
import { useWords } from '../../words/catalogue';
import { useNight } from './asked';
import { words } from './words';

/** Whether the lists are last night's: a scan that failed or is missing is said in red, never shown as an empty list. */
export function Night(): ReactElement | null {
  const t = useWords(words);
  const { data } = useNight();
  if (data === undefined) return null;
  const { as_of: on, state } = data;
  if (on === null) return state === 'failed' ? <Bad>{t.nightNever}</Bad> : null;
  if (state === 'failed') return <Bad>{t.nightFailed(on)}</Bad>;
  if (state === 'done' && !isRecent(on)) return <Bad>{t.nightOld(on)}</Bad>;
  return <p className="quiet queue-night">{state === 'running' ? t.nightRunning(on) : t.upTo(on)}</p>;
}

function Bad({ children }: { children: string }): ReactElement {
  return (
    <div className="bar-red" role="alert">
      {children}
    </div>
  );
}

/** What is said when there is no work: that the night was scanned, and when; nothing so sure after any other night. */
export function NothingToDo(): ReactElement | null {
  const t = useWords(words);
  const { data } = useNight();
  if (data === undefined) return null;
  if (data.as_of === null && data.state !== 'failed') return <p role="status">{t.nothingYet}</p>;
  const well = data.state === 'done' && isRecent(data.as_of) && data.finished_at !== null;
  return <p role="status">{well ? t.nothing(writtenInstant(data.finished_at ?? '')) : t.nothingKnown}</p>;
}
