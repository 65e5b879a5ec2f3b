import type { ReactElement } from 'react';
import { lazy, Suspense } from 'react';
import { useKeys } from '../../app/keys';
import { Button } from '../../parts/Button';
import { useWords } from '../../words/catalogue';
import type { Brief, Narrow } from './asked';
import { type Current, useNext } from './next';
import { words } from './next-words';

const Passing = lazy(() => import('./Passing'));

type Props = { current: Current | undefined; narrow: Narrow; onOpen: (one: Brief) => void };

/** The most urgent that is mine or nobody's, by its button or by N: what was nobody's becomes mine. */
export function TakeNext({ current, narrow, onOpen }: Props): ReactElement {
  const t = useWords(words);
  const next = useNext(current, narrow, onOpen);
  useKeys({ n: () => void next.go() }, !next.busy && next.asks === null);
  return (
    <>
      <Button type="primary" loading={next.busy} onClick={() => void next.go()}>
        {t.next}
      </Button>
      <Suspense fallback={null}>{next.asks === null ? null : <Passing next={next} />}</Suspense>
    </>
  );
}
