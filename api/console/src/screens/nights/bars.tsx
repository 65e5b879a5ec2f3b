import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useMay } from '../../app/session';
import { api, told } from '../../contract/client';
import { Button } from '../../parts/Button';
import { useSaid } from '../../parts/Failure';
import { offerUndo } from '../../parts/Undo';
import { writtenCount } from '../../parts/written';
import { useServed, useWords } from '../../words/catalogue';
import { isAtWork, isWell, type Night } from './asked';
import { words } from './words';

/** In plain words, before anything else: the night that failed, or that raised far more than usual, and what to do. */
export function Bars({ nights }: { nights: Night[] }): ReactElement | null {
  const newest = nights[0];
  if (newest === undefined) return null;
  if (!isWell(newest)) return <FailedBar night={newest} shown={nights.find(isWell)} />;
  return newest.spike ? <SpikeBar night={newest} /> : null;
}

function FailedBar({ night, shown }: { night: Night; shown: Night | undefined }): ReactElement {
  const t = useWords(words);
  const may = useMay();
  const { act, problem, busy } = useRunningAgain();
  const served = useServed();
  // A refusal's own words are kept in both languages; other problems are the kind of an error.
  const [zh = '', en = ''] = (night.problem ?? '').split(' / ');
  const why = night.problem === 'killed' ? t.killed : served(zh, en);
  const held = night.status === 'held';
  return (
    <div className="bar-red" role="alert">
      <strong>{held ? t.heldBar(night.as_of) : t.failedBar(night.as_of)}</strong>{' '}
      {shown === undefined ? t.noneBefore : t.shownInstead(shown.as_of)}
      <p>{isAtWork(night) ? t.doRunning : doWhat(t, night)}</p>
      {why === '' ? null : <p className="quiet">{held ? why : t.code(why)}</p>}
      {isAtWork(night) || !night.can_release ? null : may('run.start') ? (
        <Button loading={busy} onClick={() => act(night.run)}>
          {held ? t.letGo : t.again}
        </Button>
      ) : (
        <p>{t.askAdmin}</p>
      )}
      {problem === '' ? null : <p>{problem}</p>}
    </div>
  );
}

function doWhat(t: { doHeld: string; doMissed: string; doFailed: string }, night: Night): string {
  if (night.status === 'held') return t.doHeld;
  return night.status === 'missed' ? t.doMissed : t.doFailed;
}

function SpikeBar({ night }: { night: Night }): ReactElement {
  const t = useWords(words);
  return (
    <div className="bar-orange" role="alert">
      <strong>
        {t.spikeBar(night.as_of, writtenCount(night.raised ?? 0), writtenCount(Math.round(night.usual ?? 0)))}
      </strong>
      <p>{t.doSpike}</p>
    </div>
  );
}

/** Return how to ask for a run anew; the list follows. */
export function useRunningAgain(): { act: (run: string) => void; problem: string; busy: boolean } {
  const t = useWords(words);
  const said = useSaid();
  const queries = useQueryClient();
  const asking = useMutation<unknown, unknown, string>({
    mutationFn: (run) => told(api.POST('/api/v1/runs/{run_id}/release', { params: { path: { run_id: run } } })),
    onSuccess: () => offerUndo({ text: t.asked }),
    onSettled: () => queries.invalidateQueries({ queryKey: ['nights'] }),
  });
  return { act: asking.mutate, problem: asking.error === null ? '' : said(asking.error), busy: asking.isPending };
}
