import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { api, told } from '../../contract/client';
import { Button } from '../../parts/Button';
import { Failure } from '../../parts/Failure';
import { ListState } from '../../parts/ListState';
import { writtenCount, writtenInstant } from '../../parts/written';
import { useServed, useWords } from '../../words/catalogue';
import { type Status, useStatus } from './asked';
import { words } from './words';

/** How the chain stands; it is checked whole when asked for, and that it was is an entry itself. */
export function Chain(): ReactElement {
  const t = useWords(words);
  const queries = useQueryClient();
  const query = useStatus();
  const check = useMutation({
    mutationFn: () => told(api.POST('/api/v1/audit/verification')),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['audit'] }),
  });
  return (
    <section aria-label={t.chain} className="chain">
      <h2>{t.chain}</h2>
      <ListState query={query} what={t.chain} count={query.data === undefined ? 0 : 1} nothing={null}>
        {query.data === undefined ? null : <Stands status={query.data} />}
      </ListState>
      <Button onClick={() => check.mutate()} loading={check.isPending}>
        {check.isPending ? t.verifying : t.verify}
      </Button>
      {check.error === null ? null : <Failure error={check.error} kept={false} />}
      {check.data === undefined ? null : <Breaks found={check.data.found} />}
    </section>
  );
}

function Stands({ status }: { status: Status }): ReactElement {
  const t = useWords(words);
  const { verified, anchored, anchored_at, unanchored, unanchored_since } = status;
  return (
    <>
      {verified === null ? <p>{t.never}</p> : <Checked verified={verified} />}
      <p className="quiet">
        {t.newest(writtenCount(status.newest))} ·{' '}
        {anchored_at === null ? t.notAnchored : t.anchored(writtenCount(anchored), writtenInstant(anchored_at))}
        {unanchored === 0 || unanchored_since === null
          ? null
          : ` · ${t.waiting(writtenCount(unanchored), writtenInstant(unanchored_since))}`}
      </p>
    </>
  );
}

function Checked({ verified }: { verified: NonNullable<Status['verified']> }): ReactElement {
  const t = useWords(words);
  const at = writtenInstant(verified.at);
  if (verified.well) return <p className="well">✓ {t.holds(writtenCount(verified.entries), at)}</p>;
  return (
    <p className="bar-red" role="alert">
      {t.broken(verified.breaks, at)}
    </p>
  );
}

function Breaks({ found }: { found: { kind: string; at: number; zh: string; en: string }[] }): ReactElement {
  const t = useWords(words);
  const served = useServed();
  return (
    <ol className="bare">
      {found.map((one, at) => (
        <li key={`${one.kind} ${one.at}`}>{t.break(at + 1, served(one.zh, one.en))}</li>
      ))}
    </ol>
  );
}
