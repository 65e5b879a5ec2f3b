import type { ReactElement } from 'react';
import { useState } from 'react';
import { api, told } from '../../contract/client';
import { Line } from '../../parts/Line';
import { OneOf } from '../../parts/OneOf';
import { work } from '../../parts/words-of-work';
import { useServed, useWords } from '../../words/catalogue';
import type { CaseParams } from './acting';
import { Box, type PanelProps } from './box';
import { Proposing } from './proposing';
import { words } from './words';

type Act = 'adopt' | 'object' | 'relapse' | 'finish' | 'end' | 'uphold';
type CountyAct = 'remove' | 'refuse' | 'annul' | 'question';
export type Edge = Act | CountyAct | 'publish' | 'propose' | 'appraise';
type Props = PanelProps & { edge: Edge };
const SHOWN = ['dibao', 'tekun', 'anti_poverty', 'other'] as const;
const COUNTY: readonly string[] = ['remove', 'refuse', 'annul', 'question'];

/** What a step needs to be said, and the button that takes it; none is taken by one press. */
export function Panel({ edge, ...props }: Props): ReactElement {
  if (edge === 'publish') return <Publishing {...props} />;
  if (edge === 'propose') return <Proposing {...props} />;
  if (edge === 'appraise') return <Appraising {...props} />;
  return <Stepping {...props} edge={edge} />;
}

/** A step that needs a reason at most. */
function Stepping({ edge, ...props }: PanelProps & { edge: Act | CountyAct }): ReactElement {
  const { one, acting, onClose } = props;
  const t = useWords(words);
  const served = useServed();
  const whys = one.whys[edge];
  const [why, setWhy] = useState(whys?.length === 1 ? (whys[0]?.code ?? '') : '');
  const go = (): void => {
    const chosen = why === '' ? null : why;
    void acting.go({
      meant: t[edge],
      done: t[`done_${edge}`],
      said: [edge, chosen],
      send: (params) => stepping(params, edge, chosen),
      after: onClose,
    });
  };
  return (
    <Box {...props} title={t[edge]} hint={t[`does_${edge}`]} ready={whys === undefined || why !== ''} onGo={go}>
      {whys === undefined ? null : (
        <OneOf
          label={t.why}
          value={why}
          none={t.chooseWhy}
          options={whys.map((each) => ({ value: each.code, text: served(each.zh, each.en) }))}
          onChoose={setWhy}
        />
      )}
    </Box>
  );
}

function stepping(params: CaseParams, edge: Act | CountyAct, why: string | null): Promise<unknown> {
  if (COUNTY.includes(edge)) {
    return told(api.POST('/api/v1/cases/{case_id}/county-acts', { params, body: { edge: edge as CountyAct, why } }));
  }
  return told(api.POST('/api/v1/cases/{case_id}/acts', { params, body: { edge: edge as Act, why } }));
}

function Publishing(props: PanelProps): ReactElement {
  const { acting, onClose } = props;
  const t = useWords(words);
  const named = useWords(work);
  const [category, setCategory] = useState<(typeof SHOWN)[number] | ''>('');
  const go = (): void => {
    if (category === '') return;
    void acting.go({
      meant: `${t.publish} ${named[category]}`,
      done: t.done_publish,
      said: ['publish', category],
      send: (params) => told(api.POST('/api/v1/cases/{case_id}/notice', { params, body: { category } })),
      after: onClose,
    });
  };
  return (
    <Box {...props} title={t.publish} hint={t.does_publish} ready={category !== ''} onGo={go}>
      <OneOf
        label={t.category}
        value={category}
        none={t.chooseCategory}
        options={SHOWN.map((value) => ({ value, text: named[value] }))}
        onChoose={(value) => setCategory(value as (typeof SHOWN)[number] | '')}
      />
    </Box>
  );
}

function Appraising(props: PanelProps): ReactElement {
  const { acting, onClose } = props;
  const t = useWords(words);
  const [said, setSaid] = useState({ present: '', agreed: '' });
  const present = Number(said.present);
  const agreed = Number(said.agreed);
  const whole = said.present !== '' && said.agreed !== '' && Number.isInteger(present) && Number.isInteger(agreed);
  const carried = agreed <= present && agreed * 2 > present;
  const go = (): void =>
    void acting.go({
      meant: `${t.appraise} ${t.appraised(present, agreed)}`,
      done: t.done_appraise,
      said: ['appraise', present, agreed],
      send: (params) => told(api.POST('/api/v1/cases/{case_id}/appraisal', { params, body: { present, agreed } })),
      after: onClose,
    });
  return (
    <Box {...props} title={t.appraise} hint={t.does_appraise} ready={whole && carried} onGo={go}>
      {(['present', 'agreed'] as const).map((name) => (
        <Line
          key={name}
          label={t[name]}
          type="number"
          most={10_000}
          value={said[name]}
          onText={(text) => setSaid({ ...said, [name]: text })}
        />
      ))}
      {whole && !carried ? <p role="alert">{t.noMajority}</p> : null}
    </Box>
  );
}
