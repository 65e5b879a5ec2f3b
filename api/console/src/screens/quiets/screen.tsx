import type { ReactElement } from 'react';
import { useSearchParams } from 'react-router';
import { Button } from '../../parts/Button';
import { ListState } from '../../parts/ListState';
import { OneOf } from '../../parts/OneOf';
import { Region } from '../../parts/Region';
import { useStepping } from '../../parts/stepping';
import { useServed, useWords } from '../../words/catalogue';
import { shared } from '../../words/shared';
import { useRules } from '../rules/asked';
import { type Narrow, useQuiets } from './asked';
import { QuietList } from './list';
import { words } from './words';

/** Which rules a verified "no need" keeps quiet, where and until when; one can be lifted with a reason. */
export default function Quiets(): ReactElement {
  const t = useWords(words);
  const [params, setParams] = useSearchParams();
  const narrow: Narrow = {};
  for (const name of ['region', 'rule'] as const) {
    const value = params.get(name);
    if (value) narrow[name] = value;
  }
  const paused = params.get('paused');
  if (paused) narrow.paused = paused === 'true';
  const query = useQuiets(narrow);
  const quiets = query.data?.pages.flatMap((page) => page.items) ?? [];
  const box = useStepping<HTMLDivElement>();
  const set = (name: Filter, value: string): void => {
    const next = new URLSearchParams(params);
    if (value === '') next.delete(name);
    else next.set(name, value);
    setParams(next, { replace: true });
  };
  return (
    <div ref={box}>
      <h1>{t.title}</h1>
      <p className="quiet">{t.hint}</p>
      <Narrowing narrow={narrow} onSet={set} />
      <ListState
        query={query}
        what={t.list}
        count={quiets.length}
        narrowed={Object.keys(narrow).length > 0}
        onClear={() => setParams({}, { replace: true })}
        nothing={<p>{t.nothing}</p>}
      >
        <p className="quiet" role="status">
          {t.shown(quiets.length, query.hasNextPage)}
        </p>
        <QuietList quiets={quiets} named />
        {query.hasNextPage ? (
          <Button loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {t.more}
          </Button>
        ) : null}
      </ListState>
    </div>
  );
}

type Filter = 'region' | 'rule' | 'paused';
type NarrowingProps = { narrow: Narrow; onSet: (name: Filter, value: string) => void };

function Narrowing({ narrow, onSet }: NarrowingProps): ReactElement {
  const t = useWords(words);
  const common = useWords(shared);
  const served = useServed();
  const { data } = useRules();
  const rules = (data?.rules ?? []).map((one) => ({ value: one.name, text: served(one.called.zh, one.called.en) }));
  return (
    <div className="quiet-filters">
      <Region label={t.region} value={narrow.region ?? ''} onChoose={(code) => onSet('region', code)} />
      <OneOf
        label={t.rule}
        value={narrow.rule ?? ''}
        none={common.all}
        options={rules}
        onChoose={(rule) => onSet('rule', rule)}
      />
      <OneOf
        label={t.kind}
        value={narrow.paused === undefined ? '' : String(narrow.paused)}
        none={common.all}
        options={[
          { value: 'true', text: t.paused },
          { value: 'false', text: t.found },
        ]}
        onChoose={(value) => onSet('paused', value)}
      />
    </div>
  );
}
