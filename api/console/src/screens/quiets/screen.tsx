import type { ReactElement } from 'react';
import { type Filtering, useFiltering } from '../../parts/filtering';
import '../../parts/lists.css';
import { OneOf } from '../../parts/OneOf';
import { Paged } from '../../parts/Paged';
import { Region } from '../../parts/Region';
import { useStepping } from '../../parts/stepping';
import { useServed, useWords } from '../../words/catalogue';
import { shared } from '../../words/shared';
import { useRules } from '../rules/asked';
import { type Narrow, useQuiets } from './asked';
import { QuietList } from './list';
import { words } from './words';

const NAMES = ['region', 'rule', 'paused'] as const;

/** Which rules a verified "no need" keeps quiet, where and until when; one can be lifted with a reason. */
export default function Quiets(): ReactElement {
  const t = useWords(words);
  const { said, set, clear } = useFiltering(NAMES);
  const { paused, ...where } = said;
  const narrow: Narrow = paused === undefined ? where : { ...where, paused: paused === 'true' };
  const query = useQuiets(narrow);
  const box = useStepping<HTMLDivElement>();
  const narrowed = Object.keys(narrow).length > 0;
  return (
    <div ref={box}>
      <h1>{t.title}</h1>
      <p className="quiet">{t.hint}</p>
      <Narrowing narrow={narrow} onSet={set} />
      <Paged query={query} what={t.list} narrowed={narrowed} onClear={clear} nothing={t.nothing} shown={t.shown}>
        {(found) => <QuietList quiets={found} named />}
      </Paged>
    </div>
  );
}

type NarrowingProps = { narrow: Narrow; onSet: Filtering<(typeof NAMES)[number]>['set'] };

function Narrowing({ narrow, onSet }: NarrowingProps): ReactElement {
  const t = useWords(words);
  const common = useWords(shared);
  const served = useServed();
  const { data } = useRules();
  const rules = (data?.rules ?? []).map((one) => ({ value: one.name, text: served(one.called.zh, one.called.en) }));
  return (
    <div className="list-filters">
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
