import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { api, type Schemas, told } from '../../contract/client';
import { Failure } from '../../parts/Failure';
import { Heads } from '../../parts/Heads';
import { Skeleton } from '../../parts/ListState';
import { Money } from '../../parts/small';
import '../../parts/reading.css';
import { writtenDay } from '../../parts/written';
import { language, useServed, useWords } from '../../words/catalogue';
import { comma } from '../../words/marks';
import { Part } from './household';
import { words } from './words';

type Standing = Schemas['MemberStandingOut'];
type Kind = Schemas['ToldOut']['kind'];
type HeardOf = Schemas['KindHeardOut'];

const KINDS: readonly Kind[] = ['disability', 'school', 'benefit'];
const COLUMNS = ['able', ...KINDS] as const;

/** What agencies tell of each member, with the day of each list; this part fails alone. */
export function CircumstancesPart({ no }: { no: string }): ReactElement {
  const t = useWords(words);
  const params = { path: { household_no: no } };
  const query = useQuery({
    queryKey: ['circumstances', no],
    queryFn: () => told(api.GET('/api/v1/households/{household_no}/circumstances', { params })),
  });
  if (query.data === undefined) {
    return query.error === null ? (
      <Skeleton lines={4} />
    ) : (
      <Failure error={query.error} what={t.circumstances} onRetry={() => void query.refetch()} kept={false} />
    );
  }
  return <Circumstances members={query.data.members} heard={query.data.heard} />;
}

function Circumstances({ members, heard }: { members: Standing[]; heard: HeardOf[] }): ReactElement {
  const t = useWords(words);
  const titles = { able: t.able, disability: t.disability, school: t.school, benefit: t.benefit };
  return (
    <Part title={t.circumstances}>
      <p className="quiet">{t.circumstancesHint}</p>
      <div className="scrolls">
        <table className="plain-table stacked">
          <Heads titles={[t.members, ...COLUMNS.map((one) => titles[one])]} />
          <tbody>
            {members.map((one) => (
              <tr key={one.place}>
                <th scope="row">{t.member(one.place)}</th>
                <td data-label={titles.able}>{one.able === null ? t.unknownValue : one.able ? t.isAble : t.notAble}</td>
                {KINDS.map((kind) => (
                  <td key={kind} data-label={titles[kind]}>
                    <Cell standing={one} kind={kind} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr className="quiet">
              <th scope="row">{t.source}</th>
              {COLUMNS.map((kind) => (
                <td key={kind} data-label={titles[kind]}>
                  <Sources heard={heard.filter((one) => one.kind === kind)} />
                </td>
              ))}
            </tr>
          </tfoot>
        </table>
      </div>
    </Part>
  );
}

function Sources({ heard }: { heard: HeardOf[] }): ReactElement {
  const t = useWords(words);
  const served = useServed();
  return (
    <>
      {heard.map((one) => (
        <div key={one.feed}>
          {served(one.zh, one.en)} ·{' '}
          {one.heard_on === null ? t.notHeard : t.upTo(writtenDay(one.heard_on, language.get()))}
          {one.heard_on === null || one.fresh ? '' : ` · ${t.staleWord}`}
        </div>
      ))}
    </>
  );
}

/** Told, on no list that was heard of in time, or unknown: three things, and only a list can say the second. */
function Cell({ standing, kind }: { standing: Standing; kind: Kind }): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const rows = standing.told.filter((one) => one.kind === kind);
  if (rows.length === 0) return <>{standing.silent.includes(kind) ? t.noneTold : t.unknownValue}</>;
  return (
    <>
      {rows.map((one, at) => (
        <div key={`${kind}${String(at)}`}>
          {one.said.map((word) => served(word.zh, word.en)).join(comma())}{' '}
          {one.amount === null ? null : <Money yuan={one.amount} cents />}
          {one.on === null ? null : (
            <span className="quiet"> {kind === 'benefit' ? one.on.slice(0, 7) : t.since(one.on)}</span>
          )}
        </div>
      ))}
    </>
  );
}
