import { Input } from 'antd';
import type { ReactElement } from 'react';
import { useId, useState } from 'react';
import { api } from '../../contract/client';
import { Button } from '../../parts/Button';
import { Dialog } from '../../parts/Dialog';
import { useSaid } from '../../parts/Failure';
import { saved } from '../../parts/saving';
import { offerUndo } from '../../parts/Undo';
import { cityToday } from '../../parts/written';
import { useServed, useWords } from '../../words/catalogue';
import { shared } from '../../words/shared';
import { type Dimension, useAsked, useOverview } from './asked';
import { words } from './words';

const BACK = 4;
type Chosen = { figure: string; by: string; quarter: string; why: string };

/** The last whole quarters, newest first, each as its first and last day. */
function quarters(): { since: string; until: string; name: string }[] {
  const [year, month] = cityToday().split('-').map(Number) as [number, number];
  const first = year * 4 + Math.floor((month - 1) / 3);
  return Array.from({ length: BACK }, (_, back) => {
    const quarter = first - back - 1;
    const [of, place] = [Math.floor(quarter / 4), quarter % 4];
    const until = new Date(Date.UTC(of, place * 3 + 3, 0)).toISOString().slice(0, 10);
    return { since: `${of}-${String(place * 3 + 1).padStart(2, '0')}-01`, until, name: `${of} Q${place + 1}` };
  });
}

/** A figure taken out as a workbook, with what it is for. */
export default function ReportDialog({ onClose }: { onClose: () => void }): ReactElement {
  const t = useWords(words);
  const common = useWords(shared);
  const said = useSaid();
  const asked = useAsked();
  const [chosen, setChosen] = useState<Chosen>({ figure: 'open', by: 'town', quarter: '', why: '' });
  const [state, setState] = useState({ busy: false, problem: '' });
  const send = async (): Promise<void> => {
    setState({ busy: true, problem: '' });
    try {
      const quarter = quarters().find((one) => one.since === chosen.quarter);
      const period = quarter === undefined ? {} : { since: quarter.since, until: quarter.until };
      const region = asked.region === '' ? {} : { region: asked.region };
      const by = chosen.by === '' ? {} : { by: chosen.by as Dimension };
      const body = { figure: chosen.figure, why: chosen.why, ...by, ...region, ...period };
      await saved(api.POST('/api/v1/exports/report', { body, parseAs: 'blob' }), 'report.xlsx');
      offerUndo({ text: t.done });
      onClose();
    } catch (failure) {
      setState({ busy: false, problem: said(failure) });
    }
  };
  return (
    <Dialog title={t.export} onClose={onClose}>
      <Fields chosen={chosen} onChange={setChosen} />
      <p className="quiet">{t.smallHidden}</p>
      {state.problem === '' ? null : (
        <p role="alert" className="refused">
          {state.problem}
        </p>
      )}
      <div className="row-of-buttons">
        <Button type="primary" loading={state.busy} disabled={chosen.why.trim().length < 4} onClick={send}>
          {t.export}
        </Button>
        <Button onClick={onClose}>{common.cancel}</Button>
      </div>
    </Dialog>
  );
}

function Fields({ chosen, onChange }: { chosen: Chosen; onChange: (next: Chosen) => void }): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const asked = useAsked();
  const why = useId();
  const tables = useOverview(asked).data ?? [];
  const figure = tables.find((one) => one.figure.name === chosen.figure)?.figure;
  const splits: Record<string, string> = {
    county: t.county,
    town: t.town_,
    village: t.village,
    level: t.level,
    month: t.month,
    rule: t.byRule,
  };
  const set = (part: keyof Chosen) => (event: { target: { value: string } }) =>
    onChange({ ...chosen, [part]: event.target.value });
  const choose = (event: { target: { value: string } }) => {
    const next = tables.find((one) => one.figure.name === event.target.value)?.figure;
    const quarter = next?.stock === false ? (quarters()[0]?.since ?? '') : '';
    onChange({ ...chosen, figure: event.target.value, quarter });
  };
  return (
    <>
      <label className="field-line">
        {t.figure}
        <select value={chosen.figure} onChange={choose}>
          {tables.map((one) => (
            <option key={one.figure.name} value={one.figure.name}>
              {served(one.figure.zh, one.figure.en)}
            </option>
          ))}
        </select>
      </label>
      <label className="field-line">
        {t.by}
        <select value={chosen.by} onChange={set('by')}>
          <option value="">{t.noSplit}</option>
          {(figure?.dimensions ?? [])
            .filter((one) => one in splits)
            .map((one) => (
              <option key={one} value={one}>
                {splits[one]}
              </option>
            ))}
        </select>
      </label>
      {figure?.stock === false ? (
        <label className="field-line">
          {t.quarter}
          <select value={chosen.quarter} onChange={set('quarter')}>
            {quarters().map((one) => (
              <option key={one.since} value={one.since}>
                {one.name}
              </option>
            ))}
          </select>
        </label>
      ) : null}
      <div className="field">
        <label htmlFor={why}>{t.why}</label>
        <Input id={why} value={chosen.why} maxLength={100} placeholder={t.whyHint} onChange={set('why')} />
      </div>
    </>
  );
}
