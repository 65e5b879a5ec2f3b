import type { ReactElement, ReactNode } from 'react';
import { useWords } from '../words/catalogue';
import { shared } from '../words/shared';
import { Button } from './Button';
import { type Asked, ListState } from './ListState';

/** As much of an endless query as its list is told by. */
type Pages<Item> = Asked & {
  data: { pages: { items: Item[] }[] } | undefined;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
};
type Props<Item> = {
  query: Pages<Item>;
  what: string;
  narrowed?: boolean;
  onClear?: () => void;
  nothing: string;
  /** How many there are, or at least are shown. */
  shown?: (n: number, more: boolean) => string;
  children: (found: Item[]) => ReactNode;
};

/** A list that comes page by page, in whichever of its states it is: how many, what was found, and more of it. */
export function Paged<Item>({ query, nothing, shown, children, ...list }: Props<Item>): ReactElement {
  const s = useWords(shared);
  const found = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <ListState {...list} query={query} count={found.length} nothing={<p>{nothing}</p>}>
      {shown === undefined ? null : (
        <p className="quiet" role="status">
          {shown(found.length, query.hasNextPage)}
        </p>
      )}
      {children(found)}
      {query.hasNextPage ? (
        <Button loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {s.showMore}
        </Button>
      ) : null}
    </ListState>
  );
}
