import type { ReactElement, ReactNode } from 'react';
import { useEffect, useId, useRef } from 'react';
import { useWords } from '../words/catalogue';
import { shared } from '../words/shared';
import { Button } from './Button';

type Props = { title: ReactNode; onClose: () => void; children: ReactNode; buttons?: ReactNode };

/** A question over the page. The browser's own: the kit's writes a style that the page's policy forbids. */
export function Dialog({ title, onClose, children, buttons }: Props): ReactElement {
  const t = useWords(shared);
  const id = useId();
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const shown = box.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  const refuse = (event: { preventDefault: () => void }): void => {
    event.preventDefault();
    onClose();
  };
  return (
    <dialog ref={box} className="dialog" aria-labelledby={id} onCancel={refuse}>
      <div className="dialog-top">
        <h2 id={id}>{title}</h2>
        <Button type="text" aria-label={t.close} onClick={onClose}>
          ×
        </Button>
      </div>
      {children}
      {buttons === undefined ? null : <div className="dialog-buttons">{buttons}</div>}
    </dialog>
  );
}
