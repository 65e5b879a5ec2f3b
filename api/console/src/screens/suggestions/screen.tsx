import type { ReactElement } from 'react';
import { useState } from 'react';
import { Link } from 'react-router';
import paths from '../../../paths.json';
import { ListState } from '../../parts/ListState';
import { useStepping } from '../../parts/stepping';
import { writtenDay } from '../../parts/written';
import { language, useServed, useWords } from '../../words/catalogue';
import { type Outcome, useStanding, useSuggestions } from './asked';
import { Suggested } from './line';
import '../../parts/reading.css';
import './suggestions.css';
import { words } from './words';

/** What the model suggests and no rule sees: none of it is an alert until a person makes it one. */
export default function Suggestions(): ReactElement {
  const t = useWords(words);
  const query = useSuggestions();
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const box = useStepping<HTMLDivElement>();
  const all = query.data ?? [];
  return (
    <div className="suggestions" ref={box}>
      <h1>{t.title}</h1>
      <div role="status">{outcome === null ? null : <Became outcome={outcome} />}</div>
      <ListState query={query} what={t.title} count={all.length} nothing={<Nothing />}>
        <p className="bar-yellow">{t.honest}</p>
        <p className="quiet">{t.shown(all.length)}</p>
        <ol aria-label={t.title}>
          {all.map((one) => (
            <Suggested key={one.id} one={one} onDone={setOutcome} />
          ))}
        </ol>
      </ListState>
    </div>
  );
}

function Became({ outcome }: { outcome: Outcome }): ReactElement {
  const t = useWords(words);
  return (
    <p className="suggestion-became">
      {t[outcome.became](outcome.no)}{' '}
      {outcome.alert === null ? null : <Link to={paths.alert.replace(':id', outcome.alert)}>{t.toAlert}</Link>}
    </p>
  );
}

/** Nobody waits: because no model stands behind the list, or because it has nobody to suggest. */
function Nothing(): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const query = useStanding();
  const model = query.data;
  return (
    <ListState query={query} what={t.model} count={model === undefined ? 0 : 1} nothing={null}>
      {model === undefined ? null : model.mode === 'champion' ? (
        <>
          <p>{t.nothing}</p>
          <p className="quiet">
            {model.as_of === null ? '' : t.judged(writtenDay(model.as_of, language.get()))}
            {t.quota}
          </p>
        </>
      ) : (
        <>
          <p>
            <b>{t.noModel}</b>
          </p>
          <p>{served(model.banner_zh ?? '', model.banner_en ?? '')}</p>
          <p className="quiet">{t.noModelHint}</p>
        </>
      )}
    </ListState>
  );
}
