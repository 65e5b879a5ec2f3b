import type { ReactElement } from 'react';
import { writtenInstant } from '../../parts/written';
import { useWords } from '../../words/catalogue';
import { useNight } from './asked';
import { words } from './words';

/** Whether the lists are last night's: a scan that failed is said in red, never shown as an empty list. */
export function Night(): ReactElement | null {
  const t = useWords(words);
  const { data } = useNight();
  if (data === undefined) return null;
  if (data.state === 'failed') {
    return (
      <div className="bar-red" role="alert">
        {data.as_of === null ? t.nightNever : t.nightFailed(data.as_of)}
      </div>
    );
  }
  if (data.as_of === null) return null;
  return (
    <p className="quiet queue-night">{data.state === 'running' ? t.nightRunning(data.as_of) : t.upTo(data.as_of)}</p>
  );
}

/** What is said when there is no work: that the night was scanned, and when. */
export function NothingToDo(): ReactElement {
  const t = useWords(words);
  const { data } = useNight();
  const at = data?.finished_at ?? null;
  return <p role="status">{at === null ? t.nothingYet : t.nothing(writtenInstant(at).slice(11))}</p>;
}
