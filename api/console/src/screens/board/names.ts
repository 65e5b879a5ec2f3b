import { useQuery } from '@tanstack/react-query';
import { api, told } from '../../contract/client';
import { useServed, useWords } from '../../words/catalogue';
import { words } from './words';

/** What each rule, or other cause of an alert, is called; its own key until the names have come. */
export function useRuleNames(): (key: string) => string {
  const t = useWords(words);
  const served = useServed();
  const { data } = useQuery({
    queryKey: ['policy', 'rules', 'names'],
    queryFn: () => told(api.GET('/api/v1/policy/rules')),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const names = new Map((data?.rules ?? []).map((one) => [one.name, served(one.called.zh, one.called.en)]));
  const others: Record<string, string> = { audit_sample: t.sample, model_suggestion: t.suggestion, lead: t.lead };
  return (key) => others[key] ?? names.get(key) ?? key;
}
