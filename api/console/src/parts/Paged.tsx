import type { ReactElement, ReactNode } from 'react';
import { useWords } from '../words/catalogue';
import { shared } from '../words/shared';
import { Button } from './Button';
import { type Asked, ListState } from './ListState';

type Known = { id: string | number };
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

/**
 * A list that comes page by page, in whichever of its states it is: how many, what was found, and more of it. What moved
 * between two pages comes twice: it stays where it was, as it was found last.
 */
export function Paged<Item extends Known>(props: Props<Item>): ReactElement {
  const { query, nothing, shown, children, ...list } = props;
  const s = useWords(shared);
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  const found = [...new Map(items.map((one) => [one.id, one])).values()];
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
