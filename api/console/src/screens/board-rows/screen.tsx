import { useInfiniteQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { Link, useSearchParams } from 'react-router';
import paths from '../../../paths.json';
import { api, type Schemas, told } from '../../contract/client';
import { Heads } from '../../parts/Heads';
import { Paged } from '../../parts/Paged';
import { Day, Level, Masked } from '../../parts/small';
import { work } from '../../parts/words-of-work';
import { writtenCount, writtenInstant } from '../../parts/written';
import { useServed, useWords } from '../../words/catalogue';
import type { Dimension } from '../board/asked';
import '../board/board.css';
import { words } from './words';

type Row = Schemas['RowsOut']['items'][number];
const PAGE = 100;
const STOCKS = ['open', 'overdue', 'unassigned'];

/** Exactly the alerts that a number of the board counts. */
export default function Rows(): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const [params] = useSearchParams();
  const said = (name: string): string => params.get(name) ?? '';
  const figure = said('figure') || 'open';
  const query = useRows(figure, params);
  const meaning = query.data?.pages[0]?.figure;
  return (
    <>
      <p>
        <Link to={paths.board}>{t.back}</Link>
      </p>
      <h1>{meaning === undefined ? t.title : served(meaning.zh, meaning.en)}</h1>
      <p className="quiet">
        {[said('key'), said('region')].filter((one) => one !== '').join(' · ')}{' '}
        {said('since') === '' && said('until') === ''
          ? ''
          : t.period(said('since') || t.begin, said('until') || t.today)}
      </p>
      <Paged query={query} what={t.title} nothing={t.nothing}>
        {(items) => (
          <>
            <p role="status">{t.count(writtenCount(query.data?.pages[0]?.count ?? 0))}</p>
            <ToQueue figure={figure} params={params} />
            <RowTable items={items} />
          </>
        )}
      </Paged>
    </>
  );
}

function useRows(figure: string, params: URLSearchParams) {
  const said = Object.fromEntries([...params].filter(([name]) => name !== 'figure')) as {
    by?: Dimension;
    key?: string;
    region?: string;
    since?: string;
    until?: string;
  };
  return useInfiniteQuery({
    queryKey: ['reports', 'rows', figure, said],
    initialPageParam: null as string | null,
    queryFn: async ({ pageParam: after }) => {
      const query = { ...said, limit: PAGE, ...(after === null ? {} : { after }) };
      const { key: _, ...whole } = said;
      const path = { figure };
      const [rows, table] = await Promise.all([
        told(api.GET('/api/v1/reports/{figure}/alerts', { params: { path, query } })),
        told(api.GET('/api/v1/reports/{figure}', { params: { path, query: whole } })),
      ]);
      return { ...rows, figure: table.figure };
    },
    getNextPageParam: (page) => page.next,
  });
}

/** The queue narrowed as far as its filters can say the same; it leaves out what was put off. */
function ToQueue({ figure, params }: { figure: string; params: URLSearchParams }): ReactElement | null {
  const t = useWords(words);
  if (!STOCKS.includes(figure)) return null;
  const by = params.get('by');
  const key = params.get('key') ?? '';
  const region = by === 'town' || by === 'county' || by === 'village' ? key : (params.get('region') ?? '');
  const narrow = { region, level: by === 'level' ? key : '', owner: figure === 'unassigned' ? 'nobody' : '' };
  const asked = new URLSearchParams(Object.entries(narrow).filter(([, value]) => value !== ''));
  return (
    <p>
      <Link to={`${paths.queue}?${asked}`}>{t.queue}</Link>
    </p>
  );
}

function RowTable({ items }: { items: Row[] }): ReactElement {
  const t = useWords(words);
  const states = useWords(work);
  return (
    <div className="board-wide">
      <table className="plain-table">
        <Heads titles={[t.level, t.household, t.status, t.region, t.opened, t.closed]} />
        <tbody>
          {items.map((row) => (
            <tr key={row.id}>
              <td>
                <Level level={row.level} />
              </td>
              <th scope="row">
                <Link to={paths.alert.replace(':id', row.id)}>
                  <Masked text={row.name} />
                </Link>{' '}
                <span className="quiet">{row.household_no}</span>
              </th>
              <td>{statusOf(states, row.status)}</td>
              <td>{row.region_name}</td>
              <td>
                <Day day={row.opened_on} />
              </td>
              <td>{row.closed_at === null ? '' : writtenInstant(row.closed_at)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function statusOf(states: Record<string, unknown>, status: string): string {
  const said = states[status];
  return typeof said === 'string' ? said : status;
}
