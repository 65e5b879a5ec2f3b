import type { ReactElement } from 'react';
import { useOnline } from '../../app/online';
import { type Section, type Stop, sectionOf } from '../../field/day';
import { Failure } from '../../parts/Failure';
import { Skeleton } from '../../parts/ListState';
import { useWords } from '../../words/catalogue';
import { PackBar, Plain, SyncState } from './packbar';
import { Plan } from './plan';
import { Refusals } from './refusals';
import { StopLine } from './stop';
import { type Day, type Held, useDay } from './useDay';
import '../../parts/chips.css';
import './visits.css';
import { aside } from '../../words/marks';
import { Way, WaySwitch } from './way';
import { words } from './words';

const SECTIONS: Section[] = ['todo', 'agreed', 'later', 'done'];

/** S4 走访包: today's visits by village, with or without a network. */
export default function Visits(): ReactElement {
  const t = useWords(words);
  const day = useDay();
  const { held } = day;
  return (
    <div className="visits">
      <h1>{t.title}</h1>
      <Plain />
      <SyncState />
      {held === undefined ? (
        <Skeleton />
      ) : (
        <>
          <PackBar pack={held.pack} />
          <Refusals all={held.waiting} />
          <Listed query={day.query} held={held} />
        </>
      )}
    </div>
  );
}

function Listed({ query, held }: { query: Day['query']; held: Held }): ReactElement {
  const t = useWords(words);
  const online = useOnline();
  if (query.data === undefined) {
    if (query.error === null) return <Skeleton />;
    if (!online) return <NoPack />;
    return <Failure error={query.error} what={t.list} onRetry={() => void query.refetch()} />;
  }
  if (query.data.stops.length === 0) {
    return (
      <div className="list-nothing">
        <p>{t.nothing}</p>
        <p className="quiet">{t.nothingHint}</p>
      </div>
    );
  }
  return (
    <>
      <Plan query={query} />
      <WaySwitch />
      <Sections held={held} stops={query.data.stops} />
    </>
  );
}

function NoPack(): ReactElement {
  const t = useWords(words);
  return (
    <div className="list-nothing" role="status">
      <p>{t.noPack}</p>
      <p className="quiet">{t.noPackHint}</p>
    </div>
  );
}

function Sections({ held, stops }: { held: Held; stops: Stop[] }): ReactElement {
  const t = useWords(words);
  const recorded = new Set(held.waiting.filter((one) => one.visit !== undefined).map((one) => one.alert));
  const parted = new Map<Section, Stop[]>(SECTIONS.map((one) => [one, []]));
  for (const stop of stops) parted.get(sectionOf(stop, held.marks, recorded))?.push(stop);
  return (
    <>
      {SECTIONS.map((one) => {
        const some = parted.get(one) ?? [];
        return some.length === 0 ? null : (
          <section key={one} aria-label={t[one]}>
            <h2>{t[one] + aside(some.length)}</h2>
            <Villages held={held} stops={some} section={one} recorded={recorded} />
          </section>
        );
      })}
    </>
  );
}

type VillagesProps = { held: Held; stops: Stop[]; section: Section; recorded: Set<string> };

function Villages({ held, stops, section, recorded }: VillagesProps): ReactElement {
  const villages = [...new Set(stops.map((one) => one.region_name))];
  const phones = new Map(held.pack?.sheets.map((one) => [one.alert.id, one.phone ?? null]));
  return (
    <>
      {villages.map((village) => (
        <div key={village}>
          <div className="village">
            <h3>{village}</h3>
            <Way village={village} />
          </div>
          <ul className="stops">
            {stops
              .filter((one) => one.region_name === village)
              .map((one) => (
                <StopLine
                  key={one.id}
                  stop={one}
                  section={section}
                  phone={phones.get(one.id) ?? null}
                  draft={held.drafts.has(one.id)}
                  queued={recorded.has(one.id)}
                />
              ))}
          </ul>
        </div>
      ))}
    </>
  );
}
