import type { ReactElement } from 'react';
import { lazy, Suspense, useState } from 'react';
import { Button } from '../../parts/Button';
import { useWords } from '../../words/catalogue';
import { shared } from '../../words/shared';
import type { Narrow } from './asked';
import { words } from './bulk-words';
import { words as queueWords } from './words';

const TakingOut = lazy(() => import('../../parts/TakingOut').then((found) => ({ default: found.TakingOut })));
type Props = { narrow: Narrow; text: string; count: string };

/** All that the queue is narrowed to, not only what has been loaded; somebody searched for is ticked and taken so. */
export function Export({ narrow, text, count }: Props): ReactElement {
  const t = useWords(words);
  const queue = useWords(queueWords);
  const common = useWords(shared);
  const [open, setOpen] = useState(false);
  if (!open) return <Button onClick={() => setOpen(true)}>{queue.export}</Button>;
  return (
    <fieldset className="acting" aria-label={queue.export}>
      {text === '' ? (
        <>
          <p>{t.exportAll(count)}</p>
          <p className="quiet">{t.exportRules}</p>
          <Suspense fallback={null}>
            <TakingOut wanted={narrow} />
          </Suspense>
        </>
      ) : (
        <p role="status">{t.exportSearch}</p>
      )}
      <Button onClick={() => setOpen(false)}>{common.close}</Button>
    </fieldset>
  );
}
