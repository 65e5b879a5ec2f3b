import type { ReactElement } from 'react';
import { Heads } from '../../parts/Heads';
import { ListState } from '../../parts/ListState';
import '../../parts/reading.css';
import { Day } from '../../parts/small';
import { writtenCount } from '../../parts/written';
import { useServed, useWords } from '../../words/catalogue';
import { type Feed, useFeeds } from './asked';
import { Figure } from './figure';
import { HeldList } from './held';
import { words } from './words';

/** How fresh what each agency sends is, the stale first; and what waits for a person. */
export function Feeds(): ReactElement {
  const t = useWords(words);
  const query = useFeeds();
  const feeds = [...(query.data ?? [])].sort((one, other) => weight(one) - weight(other));
  const stale = feeds.filter((one) => !one.fresh && one.last_known_on !== null).length;
  const never = feeds.filter((one) => one.last_known_on === null).length;
  const held = feeds.flatMap((feed) => feed.held.map((one) => ({ ...one, feed })));
  return (
    <>
      <section>
        <h2>{t.heldTitle}</h2>
        <ListState query={query} what={t.heldTitle} count={held.length} nothing={<p>{t.noHeld}</p>}>
          <HeldList held={held} />
        </ListState>
      </section>
      <section>
        <h2>{t.feeds}</h2>
        <ListState query={query} what={t.feeds} count={feeds.length} nothing={<p>{t.noFeeds}</p>}>
          <p>
            {stale === 0 ? t.allFresh : t.staleFirst(stale)}
            {never === 0 ? null : t.neverCame(never)}
          </p>
          <FeedTable feeds={feeds} />
        </ListState>
      </section>
    </>
  );
}

function weight(feed: Feed): number {
  if (feed.last_known_on === null) return 1;
  return feed.fresh ? 2 : 0;
}

function FeedTable({ feeds }: { feeds: Feed[] }): ReactElement {
  const t = useWords(words);
  const served = useServed();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section className="nights-wide" tabIndex={0} aria-label={t.feeds}>
      <table className="plain-table stacked">
        <Heads titles={[t.feed, t.agency, t.last, t.fresh, [t.rows], [t.errors], [t.matched]]} />
        <tbody>
          {feeds.map((feed) => (
            <tr key={feed.feed}>
              <th scope="row">{served(feed.zh, feed.en)}</th>
              <td data-label={t.agency}>{feed.agency}</td>
              <td data-label={t.last}>{feed.last_known_on === null ? t.never : <Day day={feed.last_known_on} />}</td>
              <td data-label={t.fresh}>
                <Freshness feed={feed} />
              </td>
              <Figure label={t.rows} said={writtenCount(feed.rows)} />
              <Figure label={t.errors} said={writtenCount(feed.errors)} />
              <Figure label={t.matched} said={feed.matched === null ? '—' : `${Math.round(feed.matched * 100)}%`} />
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Freshness({ feed }: { feed: Feed }): ReactElement {
  const t = useWords(words);
  if (feed.days === null) return <>{t.never}</>;
  if (feed.fresh) return <>{t.freshYes}</>;
  return <strong>{t.freshNo(feed.days, String(feed.fresh_days ?? ''))}</strong>;
}
