import type { ReactElement } from 'react';
import { useState } from 'react';
import { Button } from '../../parts/Button';
import { TakingOut } from '../../parts/TakingOut';
import { useWords } from '../../words/catalogue';
import { shared } from '../../words/shared';
import type { Narrow } from './asked';
import { words } from './bulk-words';
import { words as queueWords } from './words';

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
          <TakingOut wanted={narrow} />
        </>
      ) : (
        <p role="status">{t.exportSearch}</p>
      )}
      <Button onClick={() => setOpen(false)}>{common.close}</Button>
    </fieldset>
  );
}
