import type { ReactElement } from 'react';
import { useState } from 'react';
import { Failure } from '../../parts/Failure';
import { Skeleton } from '../../parts/ListState';
import { useServed, useWords } from '../../words/catalogue';
import { useIndicator, type Whole } from './asked';
import { words } from './words';

type Named = Whole['reads'][number];

/** What a rule reads: each indicator opens to say from which feed, over which time, reckoned how. */
export function Reads({ rule }: { rule: Whole }): ReactElement {
  const t = useWords(words);
  const served = useServed();
  return (
    <>
      <h2>{t.reads}</h2>
      <ul className="bare">
        {rule.reads.map((one) => (
          <li key={one.name}>{one.page ? <Opening named={one} /> : <Plain named={one} />}</li>
        ))}
      </ul>
      <h2>{t.feeds}</h2>
      <p>{rule.feeds.map((one) => served(one.called.zh, one.called.en)).join(served('、', ', ')) || t.register}</p>
    </>
  );
}

function Plain({ named }: { named: Named }): ReactElement {
  const t = useWords(words);
  const served = useServed();
  return (
    <>
      {served(named.called.zh, named.called.en)} <span className="quiet">{t.register}</span>
    </>
  );
}

function Opening({ named }: { named: Named }): ReactElement {
  const served = useServed();
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{served(named.called.zh, named.called.en)}</summary>
      {open ? <Behind name={named.name} /> : null}
    </details>
  );
}

function Behind({ name }: { name: string }): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const query = useIndicator(name, true);
  if (query.error !== null) return <Failure error={query.error} onRetry={() => query.refetch()} kept={false} />;
  if (query.data === undefined) return <Skeleton lines={2} />;
  const { feed, window, computed } = query.data;
  return (
    <dl className="pairs">
      {feed === null ? null : <Pair what={t.feeds} said={served(feed.called.zh, feed.called.en)} />}
      {feed === null ? null : <Pair what={t.window} said={served(window.zh, window.en)} />}
      {computed === null ? null : <Pair what={t.computed} said={served(computed.zh, computed.en)} />}
    </dl>
  );
}

function Pair({ what, said }: { what: string; said: string }): ReactElement {
  return (
    <>
      <dt>{what}</dt>
      <dd>{said}</dd>
    </>
  );
}
