import type { ReactElement } from 'react';
import { lazy, Suspense, useCallback, useMemo, useRef, useState } from 'react';
import { useNavigate } from 'react-router';
import { useAddress } from '../../app/address';
import { useKeys } from '../../app/keys';
import { useMay } from '../../app/session';
import { ListState, Skeleton } from '../../parts/ListState';
import { useNarrow } from '../../parts/narrow';
import { useWords } from '../../words/catalogue';
import { type Brief, useNarrowing, useQueue } from './asked';
import { ColumnChoice } from './ColumnChoice';
import { Export } from './Export';
import { Filters } from './Filters';
import { Groups } from './Groups';
import { List } from './List';
import { Night, NothingToDo } from './Night';
import './queue.css';
import { usePicked } from './picked';
import { Search } from './Search';
import { TakeNext } from './TakeNext';
import { Views } from './Views';
import { words } from './words';

const Bulk = lazy(() => import('./Bulk').then((found) => ({ default: found.Bulk })));
const Drawer = lazy(() => import('../alert/Drawer').then((found) => ({ default: found.Drawer })));

/** S1: what to do next. The list, how it is narrowed, what is ticked, and the alert that is open beside it. */
export default function Queue(): ReactElement {
  const t = useWords(words);
  const may = useMay();
  const narrow = useNarrow();
  const narrowing = useNarrowing();
  const [text, setText] = useState('');
  const query = useQueue(narrowing.narrow, text);
  const items = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  const picked = usePicked(items);
  const opened = useOpened(items, narrow);
  const search = useRef<HTMLInputElement>(null);
  useQueueKeys(items, opened, picked.toggle, () => search.current?.focus());
  const { fetchNextPage } = query;
  const onMore = useCallback(() => void fetchNextPage(), [fetchNextPage]);
  const first = query.data?.pages[0];
  return (
    <div className={opened.id === null ? 'queue' : 'queue queue-beside'}>
      <div className="queue-top">
        <h1>{t.title}</h1>
        <Night />
        <Views narrowing={narrowing} />
        {may('alert.work') ? (
          <TakeNext
            current={items.find((one) => one.id === opened.id)}
            narrow={narrowing.narrow}
            onOpen={opened.show}
          />
        ) : null}
        {may('report.export') && !narrow ? (
          <Export narrow={narrowing.narrow} text={text} count={first?.count ?? ''} />
        ) : null}
      </div>
      <Groups narrowing={narrowing} text={text} />
      <Search onText={setText} input={search} />
      {narrow ? <PhoneFilters narrowing={narrowing} /> : <Filters narrowing={narrowing} />}
      <div className="queue-count">
        <span>
          {first === undefined ? '' : `${t.count(first.count)} · ${t.order}`}
          {first?.warnings?.map((one) => ` · ${one.zh}`)}
        </span>
        {narrow ? null : <ColumnChoice />}
      </div>
      {first === undefined ? null : ( // its code comes after the rows
        <Suspense fallback={null}>
          <Bulk picked={picked} narrow={narrowing.narrow} />
        </Suspense>
      )}
      <ListState
        query={query}
        what={t.alerts}
        count={items.length}
        narrowed={narrowing.narrowed || text !== ''}
        onClear={narrowing.clear}
        nothing={<NothingToDo />}
      >
        <List
          items={items}
          at={opened.at}
          picked={picked}
          to={opened.to}
          more={query.hasNextPage}
          loading={query.isFetchingNextPage}
          onMore={onMore}
        />
      </ListState>
      {opened.id === null ? null : (
        <Suspense
          fallback={
            <aside className="drawer">
              <Skeleton />
            </aside>
          }
        >
          <Drawer
            key={opened.id}
            id={opened.id}
            place={opened.at < 0 ? null : { at: opened.at, of: items.length }}
            onStep={opened.step}
            onClose={opened.close}
          />
        </Suspense>
      )}
    </div>
  );
}

function PhoneFilters({ narrowing }: { narrowing: ReturnType<typeof useNarrowing> }): ReactElement {
  const t = useWords(words);
  return (
    <details className="phone-filters" open={false}>
      <summary>{t.filters}</summary>
      <Filters narrowing={narrowing} />
    </details>
  );
}

type Opened = {
  id: string | null;
  at: number;
  /** The line that the keys have reached by now: drawing it comes later, and keys follow each other quickly. */
  now: () => number;
  to: (one: Brief) => string;
  show: (one: Brief) => void;
  step: (by: number) => void;
  move: (by: number) => void;
  open: () => void;
  close: () => void;
};

/** Which alert is open beside the list, by the address, and which line the keys have reached. */
function useOpened(items: Brief[], narrow: boolean): Opened {
  const { params, amend } = useAddress();
  const go = useNavigate();
  const id = params.get('alert');
  const [drawn, setDrawn] = useState(-1);
  const reached = useRef(-1);
  const reach = (index: number): void => {
    reached.current = index;
    setDrawn(index);
  };
  const place = (alert: string | null): number => items.findIndex((one) => one.id === alert);
  const opened = (): string | null => new URLSearchParams(location.search).get('alert');
  const now = (): number => (opened() === null ? reached.current : place(opened()));
  const address = (one: Brief): string => {
    const said = new URLSearchParams(params);
    said.set('alert', one.id);
    return said.toString();
  };
  const bring = (one: Brief): void => {
    if (narrow) void go(`/alerts/${one.id}`);
    else amend((said) => said.set('alert', one.id), id === null ? 'kept' : undefined);
  };
  const show = (index: number): void => {
    const one = items[index];
    if (one === undefined) return;
    reach(index);
    bring(one);
  };
  const bounded = (by: number): number => Math.max(0, Math.min(items.length - 1, now() + by));
  return {
    id: narrow ? null : id,
    at: id === null ? drawn : place(id),
    now,
    show: bring,
    to: (one) => (narrow ? `/alerts/${one.id}` : `?${address(one)}`),
    step: (by) => show(bounded(by)),
    move: (by) => (opened() === null ? reach(bounded(by)) : show(bounded(by))),
    open: () => show(now()),
    close: () => {
      reach(now());
      amend((said) => said.delete('alert'));
    },
  };
}

function useQueueKeys(
  items: Brief[],
  opened: Opened,
  toggle: (index: number, range: boolean) => void,
  search: () => void,
): void {
  useKeys({
    j: () => opened.move(1),
    k: () => opened.move(-1),
    Enter: () => items[opened.now()] !== undefined && opened.open(),
    x: () => toggle(opened.now(), false),
    X: () => toggle(opened.now(), true),
    '/': search,
  });
}
