import type { ReactElement } from 'react';
import { useMemo, useRef, useState } from 'react';
import { Link } from 'react-router';
import paths from '../../../paths.json';
import { useKeys } from '../../app/keys';
import { ListState } from '../../parts/ListState';
import { Day } from '../../parts/small';
import { useWords } from '../../words/catalogue';
import { chosen, type Filters, NO_FILTER, useRules, useYields } from './asked';
import { Card } from './card';
import { Narrowing } from './narrowing';
import './rules.css';
import { words } from './words';

/** Every rule in force, with its law and its sentence, to be read. */
export default function Rules(): ReactElement {
  const t = useWords(words);
  const query = useRules();
  const did = useYields();
  const [filters, setFilters] = useState<Filters>(NO_FILTER);
  const find = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const all = query.data?.rules ?? [];
  const shown = useMemo(() => chosen(all, filters), [all, filters]);
  const step = (by: number): void => move(list.current, by);
  useKeys({ '/': () => find.current?.focus(), j: () => step(1), k: () => step(-1) });
  const samples = all.filter((one) => one.sample).length;
  return (
    <>
      <h1>{t.title}</h1>
      {query.data === undefined ? null : (
        <p className="quiet">
          {t.about(query.data.version.slice(0, 12))} <Day day={query.data.as_of} /> · {t.readOnly}
        </p>
      )}
      {samples === 0 ? null : <p className="bar-yellow">{t.samples(samples, all.length)}</p>}
      <p>
        <Link to={paths.limits}>{t.toLimits}</Link>
      </p>
      <Narrowing filters={filters} onChange={setFilters} find={find} />
      <p className="quiet" role="status">
        {query.data === undefined ? '' : t.shown(shown.length, all.length)}
      </p>
      <ListState
        query={query}
        what={t.rules}
        count={shown.length}
        narrowed={all.length > 0}
        onClear={() => setFilters(NO_FILTER)}
        nothing={<p>{t.nothing}</p>}
      >
        <ul className="rules" ref={list} aria-label={t.rules}>
          {shown.map((one) => (
            <Card key={one.name} rule={one} did={did?.get(one.name)} known={did !== undefined} />
          ))}
        </ul>
      </ListState>
    </>
  );
}

function move(list: HTMLUListElement | null, by: number): void {
  const links = Array.from(list?.querySelectorAll<HTMLAnchorElement>('a') ?? []);
  const at = links.indexOf(document.activeElement as HTMLAnchorElement);
  links[Math.min(Math.max(at + by, 0), links.length - 1)]?.focus();
}
