import type { ReactElement, Ref } from 'react';
import { useRef, useState } from 'react';
import { useWords } from '../../words/catalogue';
import { words } from './words';

const PAUSE_MS = 350;
/** The server looks for nobody by one character. */
const LEAST = 2;
type Props = { onText: (text: string) => void; input: Ref<HTMLInputElement> };

/** Looks for somebody as one types, but never for the letters of an input method that still composes. */
export function Search({ onText, input }: Props): ReactElement {
  const t = useWords(words);
  const [text, setText] = useState('');
  const composing = useRef(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const later = (said: string): void => {
    clearTimeout(timer.current);
    if (!composing.current)
      timer.current = setTimeout(() => onText(said.trim().length < LEAST ? '' : said.trim()), PAUSE_MS);
  };
  return (
    <search className="queue-search">
      <input
        ref={input}
        type="search"
        value={text}
        maxLength={64}
        autoComplete="off"
        aria-label={t.searchLabel}
        placeholder={t.search}
        onCompositionStart={() => {
          composing.current = true;
        }}
        onCompositionEnd={(event) => {
          composing.current = false;
          later(event.currentTarget.value);
        }}
        onChange={(event) => {
          setText(event.target.value);
          later(event.target.value);
        }}
      />
      {text.trim().length === 1 ? <span className="quiet"> {t.atLeast}</span> : null}
    </search>
  );
}
