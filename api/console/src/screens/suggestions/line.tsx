import type { ReactElement } from 'react';
import { useState } from 'react';
import { Link } from 'react-router';
import paths from '../../../paths.json';
import { useMay } from '../../app/session';
import { useStored } from '../../app/store';
import { Button } from '../../parts/Button';
import { Failure } from '../../parts/Failure';
import { OneOf } from '../../parts/OneOf';
import { work } from '../../parts/words-of-work';
import { writtenDay } from '../../parts/written';
import { language, useServed, useWords } from '../../words/catalogue';
import { labelled } from '../../words/marks';
import { shared } from '../../words/shared';
import { useCodeNames } from '../alert/Visited';
import { isCategory } from '../households/words';
import { type Outcome, type Suggestion, useDeciding, WHYS, type Why } from './asked';
import { words } from './words';

type Props = { one: Suggestion; onDone: (outcome: Outcome) => void };
type Panel = 'confirm' | 'setAside' | null;

/** One household that the model suggests, with no level and no colour of an alert: it is none. */
export function Suggested({ one, onDone }: Props): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const chosen = useStored(language);
  return (
    <li className="suggestion">
      <p className="suggestion-who">
        <Link to={paths.household.replace(':no', one.household_no)} data-line>
          {one.household_no}
        </Link>
        <span>{one.region_name}</span>
        <Category name={one.category} />
        <span className="tag">{t.says}</span>
      </p>
      <p>
        <b>{t.likely(written(one.score))}</b> <span className="quiet">{t.estimate}</span>
      </p>
      {one.reasons.length === 0 ? <p className="quiet">{t.noReasons}</p> : <p>{labelled(t.reasons)}</p>}
      <ol className="suggestion-reasons">
        {one.reasons.map((reason) => (
          <li key={reason.zh}>{served(reason.zh, reason.en)}</li>
        ))}
      </ol>
      <p className="quiet">
        {t.asOf(writtenDay(one.as_of, chosen))} · {t.place(one.place)} · {t.model} {one.model.slice(0, 8)}
      </p>
      <Deciding one={one} onDone={onDone} />
    </li>
  );
}

function Category({ name }: { name: string | null }): ReactElement | null {
  const states = useWords(work);
  return isCategory(name) ? <span>{states[name]}</span> : null;
}

/** A share in whole hundredths; one that is not nought never reads as nought, nor as certain. */
function written(score: number): number {
  return Math.min(99, Math.max(1, Math.round(score * 100)));
}

function Deciding({ one, onDone }: Props): ReactElement | null {
  const t = useWords(words);
  const may = useMay();
  const [panel, setPanel] = useState<Panel>(null);
  if (!may('suggestion.decide')) return null;
  const close = (): void => setPanel(null);
  if (panel === 'confirm') return <Confirming one={one} onDone={onDone} onClose={close} />;
  if (panel === 'setAside') return <SettingAside one={one} onDone={onDone} onClose={close} />;
  return (
    <div className="row-of-buttons">
      <Button size="small" onClick={() => setPanel('confirm')}>
        {t.confirm}
      </Button>
      <Button size="small" onClick={() => setPanel('setAside')}>
        {t.setAside}
      </Button>
    </div>
  );
}

type PanelProps = Props & { onClose: () => void };

/** What follows is said before it does: an alert is worked and timed as any other. */
function Confirming({ one, onDone, onClose }: PanelProps): ReactElement {
  const t = useWords(words);
  const common = useWords(shared);
  const deciding = useDeciding(onDone);
  return (
    <fieldset className="acting" aria-label={t.confirm}>
      <p>{t.confirmHint}</p>
      <Button type="primary" loading={deciding.isPending} onClick={() => deciding.mutate({ one, why: null })}>
        {t.confirmGo}
      </Button>
      <Button onClick={onClose}>{common.cancel}</Button>
      {deciding.error === null ? null : <Failure error={deciding.error} />}
    </fieldset>
  );
}

function SettingAside({ one, onDone, onClose }: PanelProps): ReactElement {
  const t = useWords(words);
  const common = useWords(shared);
  const named = useCodeNames();
  const deciding = useDeciding(onDone);
  const [why, setWhy] = useState<Why | ''>('');
  return (
    <fieldset className="acting" aria-label={t.setAside}>
      <p>{t.setAsideHint}</p>
      <OneOf
        label={t.why}
        value={why}
        none={t.chooseWhy}
        options={WHYS.map((code) => ({ value: code, text: named(code) }))}
        onChoose={(code) => setWhy(code as Why | '')}
      />
      <Button
        type="primary"
        disabled={why === ''}
        loading={deciding.isPending}
        onClick={() => why !== '' && deciding.mutate({ one, why })}
      >
        {t.setAsideGo}
      </Button>
      <Button onClick={onClose}>{common.cancel}</Button>
      {deciding.error === null ? null : <Failure error={deciding.error} />}
    </fieldset>
  );
}
