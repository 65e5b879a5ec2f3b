import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { api, told } from '../../contract/client';
import { ListState } from '../../parts/ListState';
import { Level } from '../../parts/small';
import { useServed, useWords } from '../../words/catalogue';
import { words } from './words';

export default function Queue(): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const query = useQuery({ queryKey: ['queue'], queryFn: () => told(api.GET('/api/v1/alerts')) });
  const items = query.data?.items ?? [];
  return (
    <>
      <h1>{t.title}</h1>
      <ListState query={query} what={t.alerts} count={items.length} nothing={<p>{t.nothing}</p>}>
        <ul>
          {items.map((one) => (
            <li key={one.id}>
              <Level level={one.level} /> {one.name} {served(one.sentence_zh, one.sentence_en)}
            </li>
          ))}
        </ul>
      </ListState>
    </>
  );
}
