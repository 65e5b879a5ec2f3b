import { Modal } from 'antd';
import type { ReactElement } from 'react';
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
    <Modal open onOk={onOk} onCancel={onClose} title={t.signOut}>
      <p>{failure === null ? mine.unsaved(waiting) : said(failure)}</p>
    </Modal>
  );
}
