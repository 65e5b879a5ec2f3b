import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { api, told } from '../../contract/client';
import { ListState } from '../../parts/ListState';
import { Day } from '../../parts/small';
import { useServed, useWords } from '../../words/catalogue';
import { words } from './words';

/** Whether a model orders the queue, which, and why not. */
export function Model(): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const query = useQuery({ queryKey: ['model'], queryFn: () => told(api.GET('/api/v1/model')) });
  const model = query.data;
  return (
    <ListState query={query} what={t.model} count={model === undefined ? 0 : 1} nothing={null}>
      {model === undefined ? null : (
        <>
          <p>
            <strong>{model.mode === 'champion' ? t.champion : t.rulesOnly}</strong>{' '}
            <span className="masked">{model.model ?? ''}</span>
          </p>
          {model.banner_zh === null ? null : <p>{served(model.banner_zh, model.banner_en ?? '')}</p>}
          {model.as_of === null ? null : (
            <p className="quiet">
              {t.asOf} <Day day={model.as_of} />
            </p>
          )}
        </>
      )}
    </ListState>
  );
}
