import type { ReactElement } from 'react';
import { Button } from '../parts/Button';
import { Dialog } from '../parts/Dialog';
import { useSaid } from '../parts/Failure';
import { useWords } from '../words/catalogue';
import { shared } from '../words/shared';
import { useOnline } from './online';
import { outbox } from './outbox';
import { useStored } from './store';
import { words } from './words';

type Props = { failure: unknown; onOk: () => void; onClose: () => void };

/** Why one has not been signed out yet, and whether to go on. */
export default function Leaving({ failure, onOk, onClose }: Props): ReactElement {
  const t = useWords(shared);
  const mine = useWords(words);
  const said = useSaid();
  const online = useOnline();
  const { waiting, drafts } = useStored(outbox);
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
      {failure !== null ? <p>{said(failure)}</p> : null}
      {failure === null && waiting + drafts > 0 ? <p>{mine.unsaved(waiting, drafts)}</p> : null}
      {online ? null : <p>{mine.leftOffline}</p>}
    </Dialog>
  );
}
