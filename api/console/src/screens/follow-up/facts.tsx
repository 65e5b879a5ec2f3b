import type { ReactElement } from 'react';
import type { Draft, Fact } from '../../field/drafts';
import type { Sheet } from '../../field/pack';
import { One } from '../../parts/Chips';
import { writtenDay } from '../../parts/written';
import { language, useServed, useWords } from '../../words/catalogue';
import { labelled } from '../../words/marks';
import { shared } from '../../words/shared';
import { words } from './words';

type Known = Sheet['known'][number];
type Props = { known: Known[]; draft: Draft; onChange: (part: Partial<Draft>) => void };

/** What the data say, filled in already: the worker confirms it or says what is so. Nothing is asked twice. */
export function Facts({ known, draft, onChange }: Props): ReactElement | null {
  const t = useWords(words);
  if (known.length === 0) return null;
  const say = (about: string, fact: Fact | null): void => {
    const { [about]: _, ...rest } = draft.facts;
    onChange({ facts: fact === null ? rest : { ...rest, [about]: fact } });
  };
  return (
    <section aria-label={t.facts}>
      <h2>{t.facts}</h2>
      <p className="quiet">{t.factsHint}</p>
      {known.map((one) => (
        <FactLine key={one.indicator} one={one} said={draft.facts[one.indicator]} onSay={say} />
      ))}
    </section>
  );
}

type LineProps = { one: Known; said: Fact | undefined; onSay: (about: string, fact: Fact | null) => void };

function FactLine({ one, said, onSay }: LineProps): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const name = served(one.zh, one.en);
  const choices = [
    ...(one.value === null ? [] : [{ value: 'confirmed', label: t.right }]),
    { value: 'corrected', label: one.value === null ? t.found : t.wrong },
  ];
  return (
    <div className="fact">
      <One
        legend={name}
        name={`fact-${one.indicator}`}
        choices={choices}
        chosen={said?.found ?? ''}
        onChoose={(found) => onSay(one.indicator, { found: found as Fact['found'], value: said?.value ?? '' })}
      />
      <p>
        <Value one={one} />
      </p>
      {said?.found === 'corrected' ? (
        <input
          type="text"
          className="text-in"
          aria-label={labelled(name) + t.found}
          placeholder={t.found}
          maxLength={200}
          value={said.value}
          onChange={(event) => onSay(one.indicator, { found: 'corrected', value: event.target.value })}
        />
      ) : null}
    </div>
  );
}

function Value({ one }: { one: Known }): ReactElement {
  const t = useWords(words);
  return (
    <>
      <strong>
        <Plain value={one.value} unit={one.unit} />
      </strong>{' '}
      <span className="quiet">
        {one.heard_on === null ? '' : t.asOf(writtenDay(one.heard_on, language.get()))}
        {one.stale.length > 0 ? ` · ${t.stale}` : ''}
      </span>
    </>
  );
}

function Plain({ value, unit }: { value: Known['value']; unit: string }): ReactElement {
  const t = useWords(words);
  const common = useWords(shared);
  if (value === null) return <>{t.unknown}</>;
  if (typeof value === 'boolean') return <>{value ? common.yes : common.no}</>;
  if (typeof value === 'number') {
    const digits = value.toLocaleString('zh-CN', { maximumFractionDigits: 2 });
    return <>{unit.startsWith('yuan') ? `${digits} ${common.yuan}` : digits}</>;
  }
  return <>{value}</>;
}
