import type { ReactElement } from 'react';
import { useState } from 'react';
import { OneOf } from '../../parts/OneOf';
import { TakingOut } from '../../parts/TakingOut';
import { work } from '../../parts/words-of-work';
import { useServed, useWords } from '../../words/catalogue';
import { shared } from '../../words/shared';
import { GROUPS, type Narrow, type Narrowing } from '../queue/asked';
import { Filters } from '../queue/Filters';
import { useRules } from '../rules/asked';
import { words } from './words';

/** Alerts taken out as a workbook, narrowed in every way the queue is; more than one may take alone become a request. */
export function Out(): ReactElement {
  const t = useWords(words);
  const narrowing = useOwnNarrowing();
  return (
    <section>
      <h2>{t.out}</h2>
      <p className="quiet">{t.outHint}</p>
      <div className="out-filters">
        <Filters narrowing={narrowing} />
        <More narrowing={narrowing} />
      </div>
      <TakingOut wanted={narrowing.narrow} />
    </section>
  );
}

function More({ narrowing }: { narrowing: Narrowing }): ReactElement {
  const t = useWords(words);
  const common = useWords(shared);
  const states = useWords(work);
  const served = useServed();
  const { data } = useRules();
  const rules = (data?.rules ?? []).map((one) => ({ value: one.name, text: served(one.called.zh, one.called.en) }));
  return (
    <>
      <OneOf
        label={t.group}
        value={narrowing.narrow.group ?? ''}
        none={common.all}
        options={GROUPS.map((one) => ({ value: one, text: states[one] }))}
        onChoose={(value) => narrowing.set('group', value)}
      />
      <OneOf
        label={t.rule}
        value={narrowing.narrow.rule ?? ''}
        none={common.all}
        options={rules}
        onChoose={(value) => narrowing.set('rule', value)}
      />
    </>
  );
}

const TRUTHS = ['cleared', 'recurring'];

/** The queue's filters, for this sheet alone: they stand in no address. */
function useOwnNarrowing(): Narrowing {
  const [narrow, setNarrow] = useState<Narrow>({});
  return {
    narrow,
    narrowed: Object.keys(narrow).length > 0,
    set: (name, value) => {
      const next: Record<string, unknown> = { ...narrow, [name]: TRUTHS.includes(name) ? value === 'true' : value };
      if (value === '') delete next[name];
      setNarrow(next as Narrow);
    },
    view: null,
    choose: (view) => setNarrow(view.narrow),
    clear: () => setNarrow({}),
  };
}
