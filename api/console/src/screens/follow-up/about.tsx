import type { ReactElement } from 'react';
import type { Catalogue, Sheet } from '../../field/pack';
import { Heard } from '../../parts/Heard';
import { Level, Masked } from '../../parts/small';
import { writtenDay } from '../../parts/written';
import { language, useServed, useWords } from '../../words/catalogue';
import { aside } from '../../words/marks';
import { words } from './words';

/** Whom one visits, and why: above the form. */
export function About({ sheet, catalogue }: { sheet: Sheet; catalogue: Catalogue }): ReactElement {
  const t = useWords(words);
  const { alert } = sheet;
  return (
    <section aria-label={t.reasons} className="about">
      <p>
        <Level level={alert.level} /> <strong>{alert.name}</strong> {alert.region_name}
      </p>
      <h2>{t.reasons}</h2>
      <Reasons sheet={sheet} />
      <Heard leads={sheet.leads ?? []} />
      <details>
        <summary>{t.members + aside(sheet.members.length)}</summary>
        <ul className="plain">
          {sheet.members.map((one) => (
            <li key={one.place}>
              {one.name} <Masked text={one.id_masked} /> {one.born_in ?? ''}
            </li>
          ))}
        </ul>
      </details>
      {sheet.visits.length === 0 ? null : <Earlier sheet={sheet} catalogue={catalogue} />}
    </section>
  );
}

function Reasons({ sheet }: { sheet: Sheet }): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const standing = sheet.reasons.filter((one) => one.status === 'active' || one.status === 'unknown');
  const shown = standing.length > 0 ? standing : sheet.reasons;
  return (
    <ul className="plain">
      {shown.map((one) => (
        <li key={one.rule}>
          {served(one.sentence_zh, one.sentence_en)}
          {one.data_on === null ? null : (
            <span className="quiet"> {t.dataOn(writtenDay(one.data_on, language.get()))}</span>
          )}
        </li>
      ))}
    </ul>
  );
}

function Earlier({ sheet, catalogue }: { sheet: Sheet; catalogue: Catalogue }): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const word = (code: string): string => {
    const found = catalogue.findings.find((one) => one.code === code);
    return found === undefined ? code : served(found.zh, found.en);
  };
  return (
    <details>
      <summary>{t.earlier + aside(sheet.visits.length)}</summary>
      <ul className="plain">
        {sheet.visits.map((one) => (
          <li key={`${one.visited_on}${one.finding}`}>
            {writtenDay(one.visited_on, language.get())} {word(one.finding)}
          </li>
        ))}
      </ul>
    </details>
  );
}
