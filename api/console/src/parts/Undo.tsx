import { useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useEffect, useState } from 'react';
import { Link } from 'react-router';
import { useKeys } from '../app/keys';
import { store, useStored } from '../app/store';
import { useWords } from '../words/catalogue';
import { shared } from '../words/shared';
import { Button } from './Button';
import { useSaid } from './Failure';

const LASTS_SECONDS = 30;

/** Something just done that can be taken back for half a minute; a text that takeBack answers with is what is told. */
export type Undoable = {
  text: string;
  takeBack?: (() => Promise<unknown>) | undefined;
  /** Where it led to. */
  led?: { to: string; text: string } | undefined;
};
type Offered = Undoable & { at: number };

const offered = store<Offered | null>(null);

/** Say that something was done; with takeBack, offer to undo it. */
export function offerUndo(done: Undoable): void {
  offered.set({ ...done, at: Date.now() });
}

/** The one place where what was done is told; stays half a minute, undone by its button or by Z. */
export function UndoToast(): ReactElement {
  const shown = useStored(offered);
  return (
    <div className="undo-place" role="status">
      {shown === null ? null : <Toast key={shown.at} shown={shown} />}
    </div>
  );
}

function Toast({ shown }: { shown: Offered }): ReactElement {
  const t = useWords(shared);
  const said = useSaid();
  const queries = useQueryClient();
  const [left, setLeft] = useState(LASTS_SECONDS);
  useEffect(() => {
    const timer = setInterval(() => setLeft(Math.round(LASTS_SECONDS - (Date.now() - shown.at) / 1000)), 1000);
    return () => clearInterval(timer);
  }, [shown]);
  useEffect(() => {
    if (left <= 0) offered.set(null);
  }, [left]);
  const undo = async (): Promise<void> => {
    if (shown.takeBack === undefined) return;
    const { takeBack } = shown;
    offered.set(null);
    try {
      const told = await takeBack();
      offerUndo({ text: typeof told === 'string' ? told : t.undone });
    } catch (failure) {
      offerUndo({ text: said(failure) });
    }
    await queries.invalidateQueries();
  };
  useKeys({ z: undo }, shown.takeBack !== undefined);
  return (
    <div className="undo-toast">
      <span>{shown.text}</span>
      {shown.led === undefined ? null : <Link to={shown.led.to}>{shown.led.text}</Link>}
      {shown.takeBack === undefined ? null : (
        <>
          <Button type="link" size="small" onClick={undo}>
            {t.undo}
          </Button>
          <span className="undo-left" aria-hidden="true">
            {t.secondsLeft(left)}
          </span>
        </>
      )}
      <Button type="text" size="small" aria-label={t.close} onClick={() => offered.set(null)}>
        ×
      </Button>
    </div>
  );
}
