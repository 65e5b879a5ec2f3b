import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useId, useState } from 'react';
import { api, told } from '../../contract/client';
import { DayField } from '../../parts/DayField';
import { newId } from '../../parts/ids';
import { Line } from '../../parts/Line';
import { OneOf } from '../../parts/OneOf';
import { cityToday, writtenDay } from '../../parts/written';
import { language, useServed, useWords } from '../../words/catalogue';
import { Box, type PanelProps } from './box';
import { words } from './words';

type Draft = { id: string; code: string; responsible: string; due_on: string; amount: string; note: string };

/** A measure as it is planned; the same one sent twice is in the plan once. */
export function Planning(props: PanelProps): ReactElement {
  const { acting, onClose } = props;
  const t = useWords(words);
  const measures = useMeasures();
  const [said, setSaid] = useState<Draft>(() => ({
    id: newId(),
    code: '',
    responsible: '',
    due_on: '',
    amount: '',
    note: '',
  }));
  const change = (more: Partial<Draft>): void => setSaid({ ...said, ...more });
  const amount = said.amount === '' ? null : Number(said.amount);
  const right = amount === null || amount >= 0;
  const ready = said.code !== '' && said.responsible.trim() !== '' && said.due_on >= cityToday() && right;
  const go = (): void => {
    const { id, code, due_on } = said;
    const note = said.note.trim() === '' ? null : said.note.trim();
    const body = { id, code, due_on, responsible: said.responsible.trim(), amount_yuan: amount, note };
    const called = measures.find((each) => each.value === code)?.text ?? code;
    void acting.go({
      meant: `${t.addMeasure} ${called} ${writtenDay(due_on, language.get())}`,
      done: t.added,
      said: body,
      send: (params) => told(api.POST('/api/v1/cases/{case_id}/measures', { params, body })),
      after: onClose,
    });
  };
  return (
    <Box {...props} title={t.addMeasure} hint={t.planHint} ready={ready} onGo={go}>
      <OneOf
        label={t.measure}
        value={said.code}
        none={t.chooseMeasure}
        options={measures}
        onChoose={(code) => change({ code })}
      />
      <Line
        label={t.responsible}
        value={said.responsible}
        most={64}
        onText={(responsible) => change({ responsible })}
      />
      <DayField label={t.due} min={cityToday()} value={said.due_on} onDay={(due_on) => change({ due_on })} />
      <Line
        label={t.amount}
        type="number"
        most={10_000_000}
        value={said.amount}
        onText={(text) => change({ amount: text })}
      />
      <Note text={said.note} onText={(note) => change({ note })} />
    </Box>
  );
}

function Note({ text, onText }: { text: string; onText: (text: string) => void }): ReactElement {
  const t = useWords(words);
  const id = useId();
  return (
    <span className="choice case-wide">
      <label htmlFor={id}>{t.note}</label>
      <input id={id} maxLength={2000} value={text} onChange={(event) => onText(event.target.value)} />
    </span>
  );
}

/** What may be planned, by name, in the order of the catalogue. */
function useMeasures(): { value: string; text: string }[] {
  const served = useServed();
  const { data } = useQuery({
    queryKey: ['visits', 'catalogue'],
    queryFn: () => told(api.GET('/api/v1/visits/catalogue')),
    staleTime: 300_000,
  });
  if (data === undefined) return [];
  const named = new Map(data.codes.map((each) => [each.code, served(each.zh, each.en)]));
  return data.measures.map((code) => ({ value: code, text: named.get(code) ?? code }));
}
