import { store, useStored } from '../app/store';

export type Language = 'zh' | 'en';
type Word = string | ((...args: never[]) => string);
type Words = Record<string, Word>;
type Same<W extends Words> = {
  [K in keyof W]: W[K] extends (...args: infer A) => string ? (...args: A) => string : string;
};
/** The Chinese words are the type; the English ones must be complete. */
export type Catalogue<W extends Words> = { zh: Same<W>; en: Same<W> };

const KEPT = 'lowincome.language';

function remembered(): Language {
  try {
    return localStorage.getItem(KEPT) === 'en' ? 'en' : 'zh';
  } catch {
    return 'zh';
  }
}

export const language = store<Language>(remembered());

export function speak(next: Language): void {
  try {
    localStorage.setItem(KEPT, next);
  } catch {
    // Storage may be forbidden: the choice then lasts as long as the page.
  }
  document.documentElement.lang = next === 'zh' ? 'zh-CN' : 'en';
  language.set(next);
}

export function catalogue<W extends Words>(zh: W, en: Same<W>): Catalogue<W> {
  return { zh: zh as unknown as Same<W>, en };
}

/** Return the words of a catalogue in the language chosen; the component follows a change of it. */
export function useWords<W extends Words>(words: Catalogue<W>): Same<W> {
  return words[useStored(language)];
}

/** Return which of two texts that the server sent is shown. */
export function useServed(): (zh: string, en: string) => string {
  const chosen = useStored(language);
  return (zh, en) => (chosen === 'zh' ? zh || en : en || zh);
}
