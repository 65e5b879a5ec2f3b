import type { ReactElement, ReactNode } from 'react';
import { Button } from '../../parts/Button';
import { useWords } from '../../words/catalogue';
import { shared } from '../../words/shared';
import type { CaseActing } from './acting';
import type { Case } from './asked';

export type PanelProps = { one: Case; acting: CaseActing; onClose: () => void };
type Props = PanelProps & { title: string; hint: string; ready: boolean; onGo: () => void; children?: ReactNode };

/** What a step says of itself and asks for, and the button that takes it. */
export function Box({ title, hint, ready, acting, onGo, onClose, children }: Props): ReactElement {
  const common = useWords(shared);
  return (
    <fieldset className="acting" aria-label={title}>
      <p>{hint}</p>
      {children}
      <div className="row-of-buttons">
        <Button type="primary" loading={acting.busy} disabled={!ready} onClick={onGo}>
          {title}
        </Button>
        <Button onClick={onClose}>{common.cancel}</Button>
      </div>
    </fieldset>
  );
}
