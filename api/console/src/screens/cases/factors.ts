import { work } from '../../parts/words-of-work';
import { useWords } from '../../words/catalogue';
import { comma } from '../../words/marks';

/** Risk factors in words; one that is not known by its code. */
export function useFactors(): (factors: readonly string[]) => string {
  const named = useWords(work) as Record<string, unknown>;
  const called = (code: string): string => {
    const found = named[code];
    return typeof found === 'string' ? found : code;
  };
  return (factors) => (factors.length === 0 ? '—' : factors.map(called).join(comma()));
}
