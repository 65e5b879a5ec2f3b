import type { ReactElement } from 'react';
import { Day } from '../../parts/small';
import { useServed, useWords } from '../../words/catalogue';
import { aside } from '../../words/marks';
import type { Parameter, Value } from './asked';
import { words } from './words';

const NUMBER = new Intl.NumberFormat('zh-CN', { maximumFractionDigits: 4 });

/** The limits that a rule goes by, each with its values by region and day, the newest first. */
export function Values({ parameters }: { parameters: Parameter[] }): ReactElement {
  const t = useWords(words);
  return (
    <>
      <h2>{t.parameters}</h2>
      {parameters.length === 0 ? <p>{t.noParameters}</p> : null}
      {parameters.map((one) => (
        <OneParameter key={one.name} parameter={one} />
      ))}
    </>
  );
}

function OneParameter({ parameter }: { parameter: Parameter }): ReactElement {
  const served = useServed();
  const called = served(parameter.called.zh, parameter.called.en);
  const unit = served(parameter.unit.zh, parameter.unit.en);
  return (
    <section aria-label={called}>
      <h3>
        {called}
        {unit === '' ? null : <span className="quiet"> {unit}</span>}
      </h3>
      <LimitTable parameter={parameter} />
    </section>
  );
}

/** The values of one limit by region and day, the newest first, each with its document. */
export function LimitTable({ parameter }: { parameter: Parameter }): ReactElement {
  const t = useWords(words);
  return (
    <table className="plain stacked">
      <thead>
        <tr>
          <th scope="col">{t.region}</th>
          <th scope="col">{t.amounts}</th>
          <th scope="col">{t.from}</th>
          <th scope="col">{t.known}</th>
          <th scope="col">{t.state}</th>
          <th scope="col">{t.document}</th>
        </tr>
      </thead>
      <tbody>
        {parameter.standing.map((one) => (
          <OneValue
            key={`${one.region} ${one.effective_from} ${one.known_on}`}
            value={one}
            share={parameter.unit.zh === ''}
          />
        ))}
      </tbody>
    </table>
  );
}

function OneValue({ value, share }: { value: Value; share: boolean }): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const states = { in_force: t.inForce, to_come: t.toComeState, replaced: t.replaced };
  const level = served(value.where.zh, value.where.en);
  return (
    <tr className={`state-${value.state}`}>
      <td data-label={t.region}>{placed(value, level)}</td>
      <td data-label={t.amounts}>
        <Amounts value={value} share={share} />
      </td>
      <td data-label={t.from}>
        <Day day={value.effective_from} />
      </td>
      <td data-label={t.known}>
        <Day day={value.known_on} />
      </td>
      <td data-label={t.state}>
        {states[value.state]}
        {value.status === 'sample' ? <strong className="sample"> {t.sample}</strong> : null}
      </td>
      <td data-label={t.document}>
        {value.reference.title} {value.reference.article}
        {value.reference.says === '' ? null : <span className="quiet"> {value.reference.says}</span>}
      </td>
    </tr>
  );
}

/** The place's name with its code; a code that nobody here has a name for stands alone. */
function placed(value: Value, level: string): string {
  if (value.region === '00') return level;
  return value.place.includes(value.region) ? value.place : value.place + aside(value.region);
}

/** A limit as people write it: a share in per cent. */
export function writtenAmount(amount: number, share: boolean): string {
  return share ? `${NUMBER.format(amount * 100)}%` : NUMBER.format(amount);
}

function Amounts({ value, share }: { value: Value; share: boolean }): ReactElement {
  const t = useWords(words);
  const served = useServed();
  if (value.amounts.length === 0) return <>{t.asParent}</>;
  return (
    <ul className="bare">
      {value.amounts.map((one) => (
        <li key={one.category?.en ?? ''}>
          {one.category === null ? t.everyone : served(one.category.zh, one.category.en)}{' '}
          {writtenAmount(one.amount, share)}
        </li>
      ))}
    </ul>
  );
}
