import type { ReactElement } from 'react';
import { useState } from 'react';
import { Link } from 'react-router';
import paths from '../../../paths.json';
import { useMay } from '../../app/session';
import { useStored } from '../../app/store';
import { Button } from '../../parts/Button';
import { Failure } from '../../parts/Failure';
import '../../parts/lists.css';
import { OneOf } from '../../parts/OneOf';
import { writtenDay } from '../../parts/written';
import { language, useWords } from '../../words/catalogue';
import { shared } from '../../words/shared';
import { useCodeNames } from '../alert/Visited';
import { useRuleNames } from '../board/names';
import { type Quiet, useLifting, type Why } from './asked';
import { isPaused, WHYS, words } from './words';

/** Quiet rules as lines; of a list of many households each is named. */
export function QuietList({ quiets, named }: { quiets: Quiet[]; named: boolean }): ReactElement {
  return (
    <ul className="boxed-list">
      {quiets.map((one) => (
        <Line key={one.id} one={one} named={named} />
      ))}
    </ul>
  );
}

function Line({ one, named }: { one: Quiet; named: boolean }): ReactElement {
  const t = useWords(words);
  const may = useMay();
  const chosen = useStored(language);
  const codes = useCodeNames();
  const rules = useRuleNames();
  const [open, setOpen] = useState(false);
  return (
    <li>
      {named ? (
        <span className="quiet-who">
          <Link to={paths.household.replace(':no', one.household_no)} data-line>
            {one.household_no}
          </Link>{' '}
          <span className="quiet">{one.region_name}</span>
        </span>
      ) : null}
      <b>{rules(one.rule)}</b>
      <span>{t.until(writtenDay(one.since_on, chosen), writtenDay(one.until_on, chosen))}</span>
      <span>
        {one.paused ? t.paused : t.why}：{isPaused(one.why) ? t[one.why] : codes(one.why)}
        {one.found_by === null ? '' : ` · ${one.paused ? t.pausedBy(one.found_by) : t.by(one.found_by)}`}
      </span>
      {!may('alert.assign') ? null : open ? (
        <Lifting one={one} onClose={() => setOpen(false)} />
      ) : (
        <Button size="small" onClick={() => setOpen(true)}>
          {t.lift}
        </Button>
      )}
    </li>
  );
}

/** The reason first: a rule is never lifted by one press. */
function Lifting({ one, onClose }: { one: Quiet; onClose: () => void }): ReactElement {
  const t = useWords(words);
  const common = useWords(shared);
  const [why, setWhy] = useState<Why | ''>('');
  const lifting = useLifting(one, t.lifted);
  return (
    <fieldset className="acting" aria-label={t.lift}>
      <OneOf
        label={t.liftWhy}
        value={why}
        none={t.chooseWhy}
        options={WHYS.map((code) => ({ value: code, text: t[code] }))}
        onChoose={(code) => setWhy(code as Why | '')}
      />
      <Button
        type="primary"
        disabled={why === ''}
        loading={lifting.isPending}
        onClick={() => why !== '' && lifting.mutate(why)}
      >
        {t.confirmLift}
      </Button>
      <Button onClick={onClose}>{common.cancel}</Button>
      {lifting.error === null ? null : <Failure error={lifting.error} />}
    </fieldset>
  );
}
