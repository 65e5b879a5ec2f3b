import { store, useStored } from '../../app/store';

/** Notes being written, by alert: going on to the next one, or closing it, throws none away. */
const writing = store<Record<string, string>>({});

/** The note being written on an alert, as long as the page lives; an empty one is forgotten. */
export function useKeptNote(alert: string): [string, (text: string) => void] {
  const kept = useStored(writing);
  const keep = (text: string): void => {
    const { [alert]: _, ...others } = writing.get();
    writing.set(text === '' ? others : { ...others, [alert]: text });
  };
  return [kept[alert] ?? '', keep];
}
