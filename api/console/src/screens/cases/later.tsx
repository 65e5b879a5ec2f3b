import type { ReactElement } from 'react';
import { useState } from 'react';
import { useMay } from '../../app/session';
import { useStored } from '../../app/store';
import { api, told } from '../../contract/client';
import { Button } from '../../parts/Button';
import { One } from '../../parts/Chips';
import { Heads } from '../../parts/Heads';
import { cityToday, writtenDay } from '../../parts/written';
import { language, useWords } from '../../words/catalogue';
import { useCaseActing } from './acting';
import type { Case } from './asked';
import { Box, type PanelProps } from './box';
import { GroundField } from './grounds';
import { Trouble } from './trouble';
import { words } from './words';

type Check = Case['later_checks'][number];
const DAY_MS = 86_400_000;
const EARLY_DAYS = 31;

/** The checks owed after the risk was removed, those made, and the form for the next. */
export function Later({ one }: { one: Case }): ReactElement | null {
  const t = useWords(words);
  const may = useMay();
  const acting = useCaseActing(one);
  const [open, setOpen] = useState(false);
  const owed = one.later_checks.find((each) => each.done_on === null);
  if (one.later_checks.length === 0) return null;
  const works = may('case.work') && one.may.includes('check') && owed !== undefined;
  return (
    <section aria-labelledby="later">
      <h2 id="later">{t.later}</h2>
      <p className="quiet">{t.laterHint}</p>
      <table className="plain-table">
        <Heads titles={[t.months, t.laterDue, t.result]} />
        <tbody>
          {one.later_checks.map((each) => (
            <Row key={`${each.months}${each.due_on}`} check={each} />
          ))}
        </tbody>
      </table>
      {works && !open ? <Beginning owed={owed} onOpen={() => setOpen(true)} /> : null}
      {works && open ? <Checking key={owed.due_on} one={one} acting={acting} onClose={() => setOpen(false)} /> : null}
      <Trouble one={one} acting={acting} />
    </section>
  );
}

function Row({ check }: { check: Check }): ReactElement {
  const t = useWords(words);
  const chosen = useStored(language);
  return (
    <tr>
      <th scope="row">{t.month(check.months)}</th>
      <td>{writtenDay(check.due_on, chosen)}</td>
      <td>
        <Result check={check} />
      </td>
    </tr>
  );
}

function Result({ check }: { check: Check }): ReactElement {
  const t = useWords(words);
  const chosen = useStored(language);
  if (check.found === 'void') return <>{t.found_void}</>;
  if (check.done_on !== null) {
    const found = check.found === null ? '' : ` · ${t[`found_${check.found}`]}`;
    return (
      <>
        {t.madeOn(writtenDay(check.done_on, chosen))}
        {found}
      </>
    );
  }
  const left = daysTo(check.due_on);
  if (left < 0) return <span className="late">{t.owedLate(-left)}</span>;
  return <>{left <= EARLY_DAYS ? t.owedNow : t.owed}</>;
}

function daysTo(day: string): number {
  return Math.round((Date.parse(day) - Date.parse(cityToday())) / DAY_MS);
}

function Beginning({ owed, onOpen }: { owed: Check; onOpen: () => void }): ReactElement {
  const t = useWords(words);
  const chosen = useStored(language);
  if (daysTo(owed.due_on) > EARLY_DAYS) return <p className="quiet">{t.earlyHint(writtenDay(owed.due_on, chosen))}</p>;
  return (
    <div className="row-of-buttons">
      <Button type="primary" onClick={onOpen}>
        {t.check}
      </Button>
    </div>
  );
}

function Checking(props: PanelProps): ReactElement {
  const { one, acting, onClose } = props;
  const t = useWords(words);
  const [said, setSaid] = useState({ follow_up: '', found: '' });
  const go = (): void => {
    const body = { follow_up: said.follow_up, holds: said.found === 'holds' };
    void acting.go({
      meant: `${t.check} ${body.holds ? t.stays : t.back_again}`,
      done: t.checked,
      said: body,
      send: (params) => told(api.POST('/api/v1/cases/{case_id}/checks', { params, body })),
      after: onClose,
    });
  };
  return (
    <Box {...props} title={t.check} hint={t.does_check} ready={said.follow_up !== '' && said.found !== ''} onGo={go}>
      <div className="case-form">
        <GroundField one={one} value={said.follow_up} onChoose={(follow_up) => setSaid({ ...said, follow_up })} />
        <One
          legend={t.checkFound}
          name="found"
          required
          choices={[
            { value: 'holds', label: t.stays },
            { value: 'back', label: t.back_again },
          ]}
          chosen={said.found}
          onChoose={(found) => setSaid({ ...said, found })}
        />
      </div>
    </Box>
  );
}
