import type { ReactElement } from 'react';
import { Instant } from '../../parts/small';
import { useServed, useWords } from '../../words/catalogue';
import { aside, comma } from '../../words/marks';
import { acts } from './acts';
import type { Entry, Filters } from './asked';
import { parts } from './details';
import { words } from './words';

/** What the server calls the codes that its entries hold. */
export type Called = Record<string, { zh: string; en: string }>;
type Props = { entry: Entry; codes: Called; onOnly: (more: Partial<Filters>) => void };
type Names = Record<string, string>;
const SHORT = 8;

/** One entry: who and what lead to all that the same one did, and all that was done to the same thing. */
export function Line({ entry, codes, onOnly }: Props): ReactElement {
  const t = useWords(words);
  const called = useWords(acts);
  const doers: Names = useWords(parts);
  return (
    <tr>
      <td data-label={t.when}>
        <Instant at={entry.at} />
      </td>
      <td data-label={t.act} className="audit-act">
        {called[entry.action] ?? entry.action}
      </td>
      <td data-label={t.by}>
        <Only
          said={entry.by_name === entry.by ? (doers[`by_${entry.by}`] ?? entry.by) : entry.by_name}
          onClick={() => onOnly({ by: entry.by })}
        />
      </td>
      <td data-label={t.about}>
        <Only said={shortened(entry.subject)} onClick={() => onOnly({ subject: entry.subject })} />
      </td>
      <td data-label={t.detail}>
        <Detail entry={entry} codes={codes} />
      </td>
    </tr>
  );
}

function Only({ said, onClick }: { said: string; onClick: () => void }): ReactElement {
  const t = useWords(words);
  return (
    <button type="button" className="linkish" onClick={onClick} aria-label={t.onlyThis(said)}>
      {said}
    </button>
  );
}

function Detail({ entry, codes }: { entry: Entry; codes: Called }): ReactElement {
  const names = useWords(parts);
  const served = useServed();
  const called = (code: string): string | undefined => {
    const found = codes[code];
    return found === undefined ? undefined : `${served(found.zh, found.en)}${aside(code)}`;
  };
  const told = Object.entries(entry.detail);
  return (
    <>
      {told.map(([key, value]) => (
        <span key={key} className="audit-pair">
          <span className="quiet">{names[key] ?? key}</span> {written(value, names, called)}{' '}
        </span>
      ))}
      <span className="quiet masked">#{entry.id}</span>
    </>
  );
}

function written(value: unknown, names: Names, called: (code: string) => string | undefined): string {
  if (value === null) return '—';
  const each = (one: unknown): string => written(one, names, called);
  if (Array.isArray(value)) return value.length > 3 ? `${value.length}` : value.map(each).join(comma());
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .map(([key, inner]) => `${names[key] ?? key} ${each(inner)}`)
      .join(comma());
  }
  const known = names[`value_${value}`] ?? (typeof value === 'string' ? called(value) : undefined);
  return known ?? (typeof value === 'string' ? shortened(value) : String(value));
}

/** An id by its first eight signs: enough to tell two apart on a page. */
function shortened(text: string): string {
  const [, before = '', id = ''] = text.match(/^([a-z_]+\/)?([0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32,})$/) ?? [];
  return id === '' ? text : before + id.slice(0, SHORT);
}
