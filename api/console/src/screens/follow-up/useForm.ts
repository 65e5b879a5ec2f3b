import { useEffect, useRef, useState } from 'react';
import { type Draft, draftOf, dropDraft, keepDraft } from '../../field/drafts';
import type { Sheet } from '../../field/pack';
import { blank } from './form';

export type Form = {
  draft: Draft;
  /** When the draft was last kept on this device; null before there was anything to keep. */
  savedAt: string | null;
  restored: boolean;
  change: (part: Partial<Draft>) => void;
  clear: () => Promise<void>;
  /** Wait until the last change is kept. */
  settled: () => Promise<unknown>;
};

/** The form of one alert: what was left of it last time, and every change kept on this device as it is made. ``finding``
 * is what was meant on the way here: it fills what is still empty and overwrites nothing. */
export function useForm(sheet: Sheet, finding: string): Form | undefined {
  const alert = sheet.alert.id;
  const [draft, setDraft] = useState<Draft>();
  const [savedAt, setSavedAt] = useState<string | null>(null);
  const [restored, setRestored] = useState(false);
  const chain = useRef<Promise<unknown>>(Promise.resolve());
  const newest = useRef<Draft | undefined>(undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the form of an alert begins once, whatever its sheet becomes
  useEffect(() => {
    let stopped = false;
    void draftOf(alert).then((before) => {
      if (stopped) return;
      const left = before?.value ?? blank(sheet);
      newest.current = left.finding === '' ? { ...left, finding } : left;
      setDraft(newest.current);
      setSavedAt(before?.at ?? null);
      setRestored(before !== undefined);
    });
    return () => {
      stopped = true;
    };
  }, [alert]);
  if (draft === undefined) return undefined;
  const change = (part: Partial<Draft>): void => {
    const next = { ...(newest.current ?? draft), ...part, filledAt: new Date().toISOString() };
    newest.current = next;
    setDraft(next);
    chain.current = chain.current.then(() => keepDraft(alert, next)).then(setSavedAt);
  };
  const clear = async (): Promise<void> => {
    await chain.current;
    await dropDraft(alert);
    newest.current = blank(sheet);
    setDraft(newest.current);
    setSavedAt(null);
    setRestored(false);
  };
  return { draft, savedAt, restored, change, clear, settled: () => chain.current };
}
