import { Button } from 'antd';
import type { ReactElement } from 'react';
import { Dialog } from '../parts/Dialog';
import { useSaid } from '../parts/Failure';
import { useWords } from '../words/catalogue';
import { shared } from '../words/shared';
import { outbox } from './outbox';
import { useStored } from './store';
import { words } from './words';

type Props = { failure: unknown; onOk: () => void; onClose: () => void };

/** Why one has not been signed out yet, and whether to go on. */
export default function Leaving({ failure, onOk, onClose }: Props): ReactElement {
  const t = useWords(shared);
  const mine = useWords(words);
  const said = useSaid();
  const { waiting } = useStored(outbox);
  return (
    <Dialog
      title={t.signOut}
      onClose={onClose}
      buttons={
        <>
          <Button onClick={onClose}>{t.cancel}</Button>
          <Button type="primary" onClick={onOk}>
            {t.confirm}
          </Button>
        </>
      }
    >
      <p>{failure === null ? mine.unsaved(waiting) : said(failure)}</p>
    </Dialog>
  );
}
