import type { ReactElement } from 'react';
import { lazy, Suspense, useState } from 'react';
import { useWords } from '../words/catalogue';
import { useKeys } from './keys';
import { words } from './words';

const KeyDialog = lazy(() => import('./keydialog'));

/** The list of keys under "?". */
export function KeyList(): ReactElement {
  const t = useWords(words);
  const [open, setOpen] = useState(false);
  useKeys({ '?': () => setOpen(true) });
  return (
    <>
      <button type="button" className="keys-button" aria-label={t.keys} title={t.keys} onClick={() => setOpen(true)}>
        ?
      </button>
      <Suspense fallback={null}>{open ? <KeyDialog onClose={() => setOpen(false)} /> : null}</Suspense>
    </>
  );
}
