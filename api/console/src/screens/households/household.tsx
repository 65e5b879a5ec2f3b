import { useQuery } from '@tanstack/react-query';
import type { ReactElement, ReactNode } from 'react';
import { Link, useParams } from 'react-router';
import paths from '../../../paths.json';
import { useMay } from '../../app/session';
import { api, type Schemas, told } from '../../contract/client';
import { Failure } from '../../parts/Failure';
import { Heads } from '../../parts/Heads';
import { Skeleton } from '../../parts/ListState';
import { Level } from '../../parts/small';
import { writtenDay } from '../../parts/written';
import { language, useServed, useWords } from '../../words/catalogue';
import { Chain } from './chain';
import { CircumstancesPart } from './circumstances';
import './households.css';
import { states } from '../cases/state-words';
import { KnownPart } from './known';
import { MeansParts } from './means';
import { Quieted } from './quiets';
import { isCategory, relationOf, words } from './words';

type Dossier = Schemas['DossierOut'];
type LevelOf = Parameters<typeof Level>[0]['level'];

/** One household as it stands: members, money, property, indicators, alerts, cases, one chain of help. */
export default function Household(): ReactElement {
  const t = useWords(words);
  const { no = '' } = useParams();
  const params = { path: { household_no: no }, query: { known: false } };
  const query = useQuery({
    queryKey: ['household', no],
    queryFn: () => told(api.GET('/api/v1/households/{household_no}', { params })),
  });
  return (
    <div className="households">
      <p>
        <Link to={paths.households}>← {t.back}</Link>
      </p>
      {query.data !== undefined ? (
        <Whole home={query.data} />
      ) : query.error === null ? (
        <Skeleton />
      ) : (
        <Failure error={query.error} what={t.one} onRetry={() => void query.refetch()} kept={false} />
      )}
    </div>
  );
}

function Whole({ home }: { home: Dossier }): ReactElement {
  const t = useWords(words);
  return (
    <>
      <h1>
        {home.name} · {home.household_no}
      </h1>
      <p>
        {home.region_name}
        {isCategory(home.category) ? ` · ${t.category} ${t[home.category]}` : ''}
        {home.registered ? '' : ` · ${t.gone}`}
        <span className="quiet"> · {t.upTo(writtenDay(home.as_of, language.get()))}</span>
      </p>
      <Members home={home} />
      <CircumstancesPart no={home.household_no} />
      <MeansParts no={home.household_no} />
      <Alerts home={home} />
      <Cases home={home} />
      <Quieted no={home.household_no} />
      <KnownPart no={home.household_no} />
      <Chain no={home.household_no} />
    </>
  );
}

export function Part({ title, children }: { title: string; children: ReactNode }): ReactElement {
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function Members({ home }: { home: Dossier }): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const sexes: Record<string, string> = { '1': t.male, '2': t.female };
  return (
    <Part title={t.members}>
      <div className="scrolls">
        <table className="plain-table">
          <Heads titles={[t.place, t.name, t.relation, t.sex, t.born]} />
          <tbody>
            {home.members.map((one) => (
              <tr key={one.place}>
                <td>{one.place}</td>
                <th scope="row">{one.name === '' ? '—' : one.name}</th>
                <td>{served(...relationOf(one.relation))}</td>
                <td>{sexes[one.sex ?? ''] ?? '—'}</td>
                <td>{one.born_in ?? '—'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Part>
  );
}

function Alerts({ home }: { home: Dossier }): ReactElement {
  const t = useWords(words);
  return (
    <Part title={t.alerts}>
      {home.alerts.length === 0 ? <p className="quiet">{t.nothingYet}</p> : null}
      <ul className="plain">
        {home.alerts.map((one) => (
          <li key={one.id}>
            <Level level={one.level as LevelOf} />{' '}
            <Link to={paths.alert.replace(':id', one.id)}>{t.opened(one.opened_on)}</Link>{' '}
            {one.closed_on === null ? t.open : t.closed(one.closed_on)}
          </li>
        ))}
      </ul>
    </Part>
  );
}

function Cases({ home }: { home: Dossier }): ReactElement | null {
  const t = useWords(words);
  const named = useWords(states);
  const may = useMay();
  if (!may('case.read')) return null;
  return (
    <Part title={t.cases}>
      {home.cases.length === 0 ? <p className="quiet">{t.nothingYet}</p> : null}
      <ul className="plain">
        {home.cases.map((one) => (
          <li key={one.id}>
            <Link to={paths.case.replace(':id', one.id)}>{t.caseOpened(one.opened_on)}</Link>{' '}
            {named[one.status as keyof typeof named]}
          </li>
        ))}
      </ul>
    </Part>
  );
}
