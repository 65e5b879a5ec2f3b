import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { Link } from 'react-router';
import paths from '../../../paths.json';
import { useMay } from '../../app/session';
import { api, type Schemas, told } from '../../contract/client';
import { ListState } from '../../parts/ListState';
import { Day } from '../../parts/small';
import { useWords } from '../../words/catalogue';
import { words } from './aside-words';

type Aside = Schemas['AsideOut'];

/** Whom the newest night could not judge, since when, why, and what is done about it; no personal data is in it. */
export function AsideList(): ReactElement {
  const t = useWords(words);
  const query = useQuery({ queryKey: ['nights', 'aside'], queryFn: () => told(api.GET('/api/v1/nights/aside')) });
  const found = query.data ?? [];
  return (
    <section>
      <h2>{t.title}</h2>
      <ListState query={query} what={t.title} count={found.length} nothing={<p>{t.nobody}</p>}>
        <p>{t.meaning(found.length)}</p>
        <AsideTable found={found} />
        <ToDo found={found} />
      </ListState>
    </section>
  );
}

function AsideTable({ found }: { found: Aside[] }): ReactElement {
  const t = useWords(words);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section className="nights-wide" tabIndex={0} aria-label={t.title}>
      <table className="plain-table">
        <thead>
          <tr>
            {[t.who, t.since, t.why, t.where].map((title) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {found.map((one) => (
            <tr key={one.id}>
              <th scope="row">
                <Who one={one} />
              </th>
              <td>
                <Day day={one.since} />
                {t.nights(one.nights)}
              </td>
              <td>{one.stage === 'settle' ? t.settle : t.judge}</td>
              <td className="masked">
                {one.error} {one.place}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** A household by its number to whom it is in sight; to everybody else the reference by which its people find it. */
function Who({ one }: { one: Aside }): ReactElement {
  const t = useWords(words);
  const may = useMay();
  if (one.household_no === null) return <>{t.reference(one.id)}</>;
  const named = `${one.household_no} ${one.region_name ?? ''}`;
  return (
    <>
      {t.reference(one.id)}{' '}
      {may('household.read') ? <Link to={paths.household.replace(':no', one.household_no)}>{named}</Link> : named}
    </>
  );
}

function ToDo({ found }: { found: Aside[] }): ReactElement {
  const t = useWords(words);
  const hidden = found.some((one) => one.household_no === null);
  return (
    <>
      <h3>{t.toDo}</h3>
      <ol>
        <li>{t.doData}</li>
        {found.some((one) => one.stage === 'settle') ? <li>{t.doSettle}</li> : null}
        <li>{t.doRule}</li>
        <li>{t.doAgain}</li>
      </ol>
      {hidden ? <p className="quiet">{t.hidden}</p> : null}
    </>
  );
}
