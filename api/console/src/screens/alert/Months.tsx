import type { ReactElement } from 'react';
import { useMemo } from 'react';
import type { Schemas } from '../../contract/client';
import { Failure } from '../../parts/Failure';
import { Figure } from '../../parts/Figure';
import { Heads } from '../../parts/Heads';
import { Skeleton } from '../../parts/ListState';
import { writtenMoney } from '../../parts/written';
import { useWords } from '../../words/catalogue';
import { useMonths } from './asked';
import { words } from './words';

type Month = Schemas['MonthOut'];
const PARTS = ['wages', 'pensions', 'benefits', 'medical'] as const;

/** Income and medical costs of twelve months: a sentence, a chart, the table behind it. */
export function Months({ household }: { household: string }): ReactElement {
  const t = useWords(words);
  const query = useMonths(household);
  return (
    <section aria-labelledby="months">
      <h2 id="months">{t.months}</h2>
      {query.isPending ? <Skeleton /> : null}
      {query.error === null ? null : <Failure error={query.error} what={t.months} onRetry={query.refetch} />}
      {query.data === undefined ? null : <Shown months={query.data.months} />}
    </section>
  );
}

function total(months: Month[], part: 'income' | 'spending'): string {
  const known = months.map((one) => one[part]).filter((amount) => amount !== null);
  return known.length === 0 ? '—' : writtenMoney(known.reduce((sum, amount) => sum + amount, 0));
}

function Shown({ months }: { months: Month[] }): ReactElement {
  const t = useWords(words);
  const option = useMemo(
    () => ({
      grid: { left: 56, right: 48, top: 32, bottom: 28 },
      legend: { top: 0, data: [t.income, t.spending] },
      xAxis: { type: 'category', data: months.map((one) => one.month) },
      yAxis: { type: 'value' },
      series: [
        { name: t.income, type: 'bar', data: months.map((one) => one.income), itemStyle: { color: '#1450aa' } },
        { name: t.spending, type: 'line', data: months.map((one) => one.spending), itemStyle: { color: '#ad4e00' } },
      ],
    }),
    [months, t],
  );
  const unknown = months.filter((one) => one.income === null || one.spending === null).length;
  const first = months[0]?.month ?? '';
  const last = months[months.length - 1]?.month ?? '';
  const said = t.sentence(first, last, total(months, 'income'), total(months, 'spending'));
  const sentence = unknown === 0 ? said : `${said}${t.unknownMonths(unknown)}`;
  return <Figure sentence={sentence} option={option} table={<Table months={months} />} />;
}

function Table({ months }: { months: Month[] }): ReactElement {
  const t = useWords(words);
  return (
    <table className="plain-table">
      <Heads titles={[t.month, ...PARTS.map((part) => [t[part]] as const)]} />
      <tbody>
        {months.map((one) => (
          <tr key={one.month}>
            <th scope="row">{one.month}</th>
            {PARTS.map((part) => {
              const amount = one[part];
              return (
                <td key={part} className="number">
                  {amount === null ? t.told : writtenMoney(amount, true)}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
