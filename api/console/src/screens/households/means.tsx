import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { Link } from 'react-router';
import paths from '../../../paths.json';
import { api, type Schemas, told } from '../../contract/client';
import { Failure } from '../../parts/Failure';
import { Heads } from '../../parts/Heads';
import { Skeleton } from '../../parts/ListState';
import { Money } from '../../parts/small';
import { writtenDay } from '../../parts/written';
import { language, useServed, useWords } from '../../words/catalogue';
import { comma } from '../../words/marks';
import { Part } from './household';
import { words } from './words';

type Means = Schemas['MeansOut'];
type Source = Means['sources'][number];

/** Money by year and source, property, and who may be entered twice; this part fails alone. */
export function MeansParts({ no }: { no: string }): ReactElement {
  const t = useWords(words);
  const params = { path: { household_no: no } };
  const query = useQuery({
    queryKey: ['means', no],
    queryFn: () => told(api.GET('/api/v1/households/{household_no}/means', { params })),
  });
  if (query.data === undefined) {
    return query.error === null ? (
      <Skeleton lines={4} />
    ) : (
      <Failure error={query.error} what={t.money} onRetry={() => void query.refetch()} kept={false} />
    );
  }
  return (
    <>
      <Twins means={query.data} />
      <Flows means={query.data} />
      <Property means={query.data} />
    </>
  );
}

function Twins({ means }: { means: Means }): ReactElement | null {
  const t = useWords(words);
  if (means.twins.length === 0) return null;
  return (
    <section className="conflict" aria-label={t.twins}>
      <h2>{t.twins}</h2>
      <ul className="plain">
        {means.twins.map((one) => (
          <li key={`${one.household_no}${one.member}`}>
            <Link to={paths.household.replace(':no', one.household_no)}>
              {(one.how === 'same' ? t.twinSame : t.twinAlike)(one.member, one.household_no)}
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Flows({ means }: { means: Means }): ReactElement {
  const t = useWords(words);
  const newest = Number(means.as_of.slice(0, 4));
  const years = [newest, newest - 1, newest - 2];
  return (
    <Part title={t.money}>
      <p className="quiet">{t.moneyHint}</p>
      <div className="scrolls">
        <table className="plain-table">
          <Heads titles={[t.source, ...years.map((year) => [String(year)] as const)]} />
          <tbody>
            {means.sources
              .filter((one) => one.kind !== 'property')
              .map((one) => (
                <FlowLine key={one.feed} source={one} means={means} years={years} />
              ))}
          </tbody>
        </table>
      </div>
    </Part>
  );
}

function FlowLine({ source, means, years }: { source: Source; means: Means; years: number[] }): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const kind = source.kind === 'income' ? t.income : t.expense;
  return (
    <tr>
      <th scope="row">
        {kind} · {served(source.zh, source.en)}
        <br />
        <Heard source={source} />
      </th>
      {years.map((year) => {
        const flow = means.flows.find((one) => one.feed === source.feed && one.year === year);
        return (
          <td key={year} className="number">
            {flow === undefined ? '—' : <Money yuan={flow.yuan} cents />}
          </td>
        );
      })}
    </tr>
  );
}

function Heard({ source }: { source: Source }): ReactElement {
  const t = useWords(words);
  if (source.heard_on === null) return <span className="quiet">{t.notHeard}</span>;
  return (
    <span className="quiet">
      {t.upTo(writtenDay(source.heard_on, language.get()))}
      {source.fresh ? '' : ` · ${t.staleWord}`}
    </span>
  );
}

function Property({ means }: { means: Means }): ReactElement {
  const t = useWords(words);
  const served = useServed();
  return (
    <Part title={t.property}>
      {means.owned.length === 0 ? <p>{t.nothingOwned}</p> : null}
      <ul className="plain">
        {means.sources
          .filter((one) => one.kind === 'property')
          .map((source) => (
            <li key={source.feed}>
              {served(source.zh, source.en)} <Heard source={source} />
              <Owned owned={means.owned.filter((one) => one.feed === source.feed)} />
            </li>
          ))}
      </ul>
    </Part>
  );
}

function Owned({ owned }: { owned: Means['owned'] }): ReactElement | null {
  const t = useWords(words);
  if (owned.length === 0) return null;
  return (
    <ul className="plain">
      {owned.map((one, at) => (
        <li key={`${one.feed}${String(at)}`}>
          {t.member(one.member)} {one.said.join(comma())} <Amount one={one} />{' '}
          <span className="quiet">{one.since === null ? '' : t.since(one.since)}</span>
        </li>
      ))}
    </ul>
  );
}

function Amount({ one }: { one: Means['owned'][number] }): ReactElement | null {
  const t = useWords(words);
  if (one.amount === null) return null;
  if (one.feed === 'real_estate') return <>{t.area(one.amount.toLocaleString('zh-CN'))}</>;
  return <Money yuan={one.amount} cents />;
}
