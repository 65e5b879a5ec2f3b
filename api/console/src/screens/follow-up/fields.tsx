import type { ReactElement } from 'react';
import { useId } from 'react';
import type { Draft } from '../../field/drafts';
import type { Catalogue, Sheet } from '../../field/pack';
import { type Choice, One, Some } from '../../parts/Chips';
import { DayField } from '../../parts/DayField';
import { cityToday } from '../../parts/written';
import { useServed, useWords } from '../../words/catalogue';
import { aside } from '../../words/marks';
import { daysAgo, MOST_NOTE } from './form';
import { words } from './words';

const FEW = 10;
export type FieldProps = { draft: Draft; catalogue: Catalogue; sheet: Sheet; onChange: (part: Partial<Draft>) => void };

/** When: three days by one tap, any other by the calendar of the device; never later than today. */
export function When({ draft, onChange }: FieldProps): ReactElement {
  const t = useWords(words);
  const quick: Choice[] = [
    { value: daysAgo(0), label: t.today },
    { value: daysAgo(1), label: t.yesterday },
    { value: daysAgo(2), label: t.before },
  ];
  return (
    <div>
      <One
        legend={t.when}
        name="when"
        required
        choices={quick}
        chosen={draft.visitedOn}
        onChoose={(visitedOn) => onChange({ visitedOn })}
      />
      <DayField
        label={t.other}
        value={draft.visitedOn}
        max={cityToday()}
        onDay={(visitedOn) => onChange({ visitedOn })}
      />
    </div>
  );
}

export function Way({ draft, catalogue, onChange }: FieldProps): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const choices = catalogue.ways.map((one) => ({ value: one.code, label: served(one.zh, one.en) }));
  return (
    <One
      legend={t.way}
      name="way"
      required
      choices={choices}
      chosen={draft.way}
      onChoose={(way) => onChange({ way: way as Draft['way'] })}
    />
  );
}

export function Present({ draft, onChange }: FieldProps): ReactElement {
  const t = useWords(words);
  const usual = [t.head, t.spouse, t.child, t.neighbour, t.cadre];
  const other = draft.present.filter((one) => !usual.includes(one)).join('、');
  const listed = draft.present.filter((one) => usual.includes(one));
  const say = (text: string): void => {
    const more = text === '' ? [] : [text.slice(0, 40)];
    onChange({ present: [...listed, ...more] });
  };
  return (
    <div>
      <Some
        legend={t.present}
        name="present"
        choices={usual.map((one) => ({ value: one, label: one }))}
        chosen={listed}
        onChoose={(chosen) => onChange({ present: other === '' ? chosen : [...chosen, other] })}
      />
      <input
        type="text"
        className="text-in"
        aria-label={t.presentOther}
        placeholder={t.presentOther}
        maxLength={40}
        value={other}
        onChange={(event) => say(event.target.value)}
      />
    </div>
  );
}

/** What was found; the reason chips come with the findings that need or allow one. */
export function Finding({ draft, catalogue, sheet, onChange }: FieldProps): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const missed = sheet.visits.filter((one) => one.finding === 'unreachable').length;
  const choices = catalogue.findings.map((one) => ({
    value: one.code,
    label: served(one.zh, one.en) + (one.code === 'unreachable' ? t.attempt(missed + 1) : ''),
  }));
  return (
    <>
      <One
        legend={t.finding}
        name="finding"
        required
        choices={choices}
        chosen={draft.finding}
        onChoose={(finding) => onChange({ finding, reasonCode: '' })}
      />
      <Reason draft={draft} catalogue={catalogue} sheet={sheet} onChange={onChange} />
    </>
  );
}

function Reason({ draft, catalogue, onChange }: FieldProps): ReactElement | null {
  const t = useWords(words);
  const served = useServed();
  const id = useId();
  const finding = catalogue.findings.find((one) => one.code === draft.finding);
  if (finding === undefined || finding.codes.length === 0) return null;
  const choices = catalogue.codes
    .filter((one) => finding.codes.includes(one.code))
    .map((one) => ({ value: one.code, label: served(one.zh, one.en) }));
  const choose = (reasonCode: string): void => onChange({ reasonCode });
  if (choices.length <= FEW) {
    return (
      <One
        legend={t.why}
        name="why"
        required={finding.required}
        choices={choices}
        chosen={draft.reasonCode}
        onChoose={choose}
      />
    );
  }
  return (
    <div className="field">
      <label htmlFor={id}>{finding.required ? `${t.why} *` : t.why}</label>
      <select id={id} value={draft.reasonCode} onChange={(event) => choose(event.target.value)}>
        <option value="">{t.choose}</option>
        {choices.map((one) => (
          <option key={one.value} value={one.value}>
            {one.label}
          </option>
        ))}
      </select>
    </div>
  );
}

export function Proposed({ draft, catalogue, onChange }: FieldProps): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const choices = catalogue.codes
    .filter((one) => catalogue.measures.includes(one.code))
    .map((one) => ({ value: one.code, label: served(one.zh, one.en) }));
  return (
    <details open={draft.proposed.length > 0}>
      <summary>{t.proposed + aside(draft.proposed.length)}</summary>
      <Some
        legend={t.proposed}
        name="proposed"
        choices={choices}
        chosen={draft.proposed}
        onChoose={(proposed) => onChange({ proposed: proposed.slice(0, 10) })}
      />
    </details>
  );
}

export function NextVisit({ draft, onChange }: FieldProps): ReactElement {
  const t = useWords(words);
  return <DayField label={t.next} value={draft.nextOn} min={daysAgo(-1)} onDay={(nextOn) => onChange({ nextOn })} />;
}

/** Plain words, with the phrases that are written every day a tap away. */
export function Note({ draft, onChange }: FieldProps): ReactElement {
  const t = useWords(words);
  const id = useId();
  const phrases = [t.p1, t.p2, t.p3, t.p4, t.p5, t.p6];
  const say = (note: string): void => onChange({ note: note.slice(0, MOST_NOTE) });
  return (
    <div className="field">
      <label htmlFor={id}>{t.note}</label>
      <textarea
        className="text-in"
        id={id}
        rows={4}
        maxLength={MOST_NOTE}
        value={draft.note}
        onChange={(event) => say(event.target.value)}
      />
      <p className="quiet">{t.noteLeft(MOST_NOTE - draft.note.length)}</p>
      <fieldset className="chips">
        <legend>{t.phrases}</legend>
        {phrases.map((phrase) => (
          <button type="button" className="chip" key={phrase} onClick={() => say(draft.note + phrase)}>
            {phrase}
          </button>
        ))}
      </fieldset>
    </div>
  );
}
