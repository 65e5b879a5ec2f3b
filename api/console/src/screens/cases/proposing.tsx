import type { ReactElement } from 'react';
import { store, useStored } from '../../app/store';
import { api, type Schemas, told } from '../../contract/client';
import { One } from '../../parts/Chips';
import { Line } from '../../parts/Line';
import { useWords } from '../../words/catalogue';
import { shared } from '../../words/shared';
import { Box, type PanelProps } from './box';
import { GroundField } from './grounds';
import { words } from './words';

export const GUARANTEES = ['food_and_clothing', 'education', 'medical', 'housing', 'water'] as const;
const ASKED = [...GUARANTEES, 'first_risk_gone'] as const;
type Draft = { way: '' | 'helped' | 'natural'; follow_up: string; income: string } & Partial<
  Record<(typeof ASKED)[number], boolean>
>;
const EMPTY: Draft = { way: '', follow_up: '', income: '' };

/** Proposals being filled in, by case: closing one, or looking elsewhere for what it asks, throws none away. */
const drafts = store<Record<string, Draft>>({});

/** Every check of the standard is asked for; the proposal is refused, and stays here, if one fails. */
export function Proposing(props: PanelProps): ReactElement {
  const { one, acting, onClose } = props;
  const t = useWords(words);
  const draft = useStored(drafts)[one.id] ?? EMPTY;
  const change = (more: Draft | Partial<Draft>): void => {
    const kept = drafts.get();
    drafts.set({ ...kept, [one.id]: { ...(kept[one.id] ?? EMPTY), ...more } });
  };
  const body = wholeOf(draft);
  const go = (): void => {
    if (body === null) return;
    void acting.go({
      meant: t.propose,
      done: t.done_propose,
      said: body,
      send: (params) => told(api.POST('/api/v1/cases/{case_id}/removal', { params, body })),
      after: () => {
        const { [one.id]: _, ...others } = drafts.get();
        drafts.set(others);
        onClose();
      },
    });
  };
  return (
    <Box {...props} title={t.propose} hint={t.does_propose} ready={body !== null} onGo={go}>
      <div className="case-form">
        <One
          legend={t.way}
          name="way"
          required
          choices={[
            { value: 'helped', label: t.helped },
            { value: 'natural', label: t.natural },
          ]}
          chosen={draft.way}
          onChoose={(way) => change({ way: way as Draft['way'] })}
        />
        <GroundField one={one} value={draft.follow_up} onChoose={(follow_up) => change({ follow_up })} />
        <Line
          label={t.income}
          type="number"
          most={10_000_000}
          value={draft.income}
          onText={(income) => change({ income })}
        />
        <h3>{t.guarantees}</h3>
        <div className="case-points">
          {ASKED.map((name) => (
            <YesOrNo
              key={name}
              name={name}
              legend={name === 'first_risk_gone' ? t.firstGone : t[name]}
              value={draft[name]}
              onSay={(said) => change({ [name]: said })}
            />
          ))}
        </div>
      </div>
    </Box>
  );
}

function wholeOf(draft: Draft): Schemas['RemovalIn'] | null {
  const { way, follow_up, income } = draft;
  const said = ASKED.map((name) => draft[name]);
  const [food, education, medical, housing, water, gone] = said;
  if (way === '' || follow_up === '' || income === '' || !(Number(income) >= 0)) return null;
  if (said.some((each) => each === undefined)) return null;
  return {
    way,
    follow_up,
    income_yuan: Number(income),
    food_and_clothing: food === true,
    education: education === true,
    medical: medical === true,
    housing: housing === true,
    water: water === true,
    first_risk_gone: gone === true,
  };
}

type YesOrNoProps = { name: string; legend: string; value: boolean | undefined; onSay: (said: boolean) => void };

function YesOrNo({ name, legend, value, onSay }: YesOrNoProps): ReactElement {
  const common = useWords(shared);
  return (
    <One
      legend={legend}
      name={name}
      required
      choices={[
        { value: 'yes', label: common.yes },
        { value: 'no', label: common.no },
      ]}
      chosen={value === undefined ? '' : value ? 'yes' : 'no'}
      onChoose={(said) => onSay(said === 'yes')}
    />
  );
}
