import type { EChartsCoreOption } from 'echarts/core';
import type { ReactElement, ReactNode } from 'react';
import { lazy, Suspense, useState } from 'react';
import { useWords } from '../words/catalogue';
import { shared } from '../words/shared';
import { Skeleton } from './ListState';

const Chart = lazy(() => import('./Chart'));

type Props = { sentence: string; option: EChartsCoreOption; table: ReactNode; height?: number };

/** A chart with the sentence that says it and the table behind it, which a button shows in its place. */
export function Figure({ sentence, option, table, height = 260 }: Props): ReactElement {
  const t = useWords(shared);
  const [asTable, setAsTable] = useState(false);
  return (
    <figure className="figure">
      <figcaption>
        {sentence}{' '}
        <button type="button" className="linkish" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
          {asTable ? t.showChart : t.showTable}
        </button>
      </figcaption>
      {asTable ? (
        table
      ) : (
        <Suspense fallback={<Skeleton />}>
          <Chart option={option} label={sentence} height={height} />
        </Suspense>
      )}
    </figure>
  );
}
