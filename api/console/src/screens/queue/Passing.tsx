import type { KeyboardEvent, ReactElement } from 'react';
import { useEffect, useRef } from 'react';
import { keysOn } from '../../app/keys';
import { Button } from '../../parts/Button';
import { Dialog } from '../../parts/Dialog';
import { useWords } from '../../words/catalogue';
import type { Next } from './next';
import { PASSED, words } from './next-words';

const COMPOSING = 229;

/** Why a red alert is passed over: by number, by Tab and Enter, or by a tap. */
export default function Passing({ next }: { next: Next }): ReactElement | null {
  const t = useWords(words);
  const { asks } = next;
  const first = useRef<HTMLButtonElement>(null);
  useEffect(() => first.current?.focus(), []); // once the dialog is open: it gives the focus to its own close
  if (asks === null) return null;
  const pressed = (event: KeyboardEvent): void => {
    // What is pressed here is meant for the question, never for the list below it.
    event.stopPropagation();
    const composing = event.nativeEvent.isComposing || event.keyCode === COMPOSING;
    if (composing || event.ctrlKey || event.metaKey || event.altKey || !keysOn.get() || next.busy) return;
    const why = PASSED[Number(event.key) - 1];
    if (why === undefined) return;
    event.preventDefault();
    void next.say(why);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: only keeps the keys of the question from the page below
    <div onKeyDown={pressed}>
      <Dialog title={t.title} onClose={next.stay}>
        <p>{t.hint(asks.name)}</p>
        <ol className="passing">
          {PASSED.map((why, at) => (
            <li key={why}>
              <Button block ref={at === 0 ? first : null} disabled={next.busy} onClick={() => void next.say(why)}>
                <kbd>{at + 1}</kbd> {t[why]}
              </Button>
            </li>
          ))}
        </ol>
        <p className="quiet">{t.keys}</p>
        <Button onClick={next.stay}>{t.stay}</Button>
      </Dialog>
    </div>
  );
}
