import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { api, type Schemas, told } from '../../contract/client';
import { ListState } from '../../parts/ListState';
import { useWords } from '../../words/catalogue';
import { shared } from '../../words/shared';
import { words } from './words';

/** What runs here. */
export function About(): ReactElement {
  const t = useWords(words);
  const query = useQuery({ queryKey: ['system'], queryFn: () => told(api.GET('/api/v1/system')) });
  return (
    <ListState query={query} what={t.about} count={query.data === undefined ? 0 : 1} nothing={null}>
      {query.data === undefined ? null : <Told about={query.data} />}
    </ListState>
  );
}

function Told({ about }: { about: Schemas['AboutOut'] }): ReactElement {
  const t = useWords(words);
  const s = useWords(shared);
  const rows: [string, string][] = [
    [t.build, about.build],
    [t.pack, about.policy_version.slice(0, 16)],
    [t.ruleCount, String(about.rules)],
    [t.newest, about.newest_scan ?? s.none],
    [t.production, about.production ? s.yes : s.no],
    [t.database, about.database === 'postgresql' ? 'PostgreSQL' : 'SQLite'],
    [t.cipher, about.cipher === 'gm' ? 'SM4-GCM' : 'AES-256-GCM'],
    [t.passwords, about.passwords === 'gb' ? 'GB/T 39786, GB/T 22239' : 'OWASP ASVS'],
    [t.second, about.second_factor ? s.yes : s.no],
  ];
  return (
    <dl className="pairs">
      {rows.map(([what, said]) => (
        <Pair key={what} what={what} said={said} />
      ))}
    </dl>
  );
}

function Pair({ what, said }: { what: string; said: string }): ReactElement {
  return (
    <>
      <dt>{what}</dt>
      <dd>{said}</dd>
    </>
  );
}
