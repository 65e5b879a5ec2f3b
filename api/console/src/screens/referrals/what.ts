import { useWords } from '../../words/catalogue';
import { aside } from '../../words/marks';
import { corrections } from '../alert/correction-words';
import { referrals as codes } from '../alert/referral-words';
import type { Referral } from './asked';

/** What is asked: help of a kind, or data to be corrected and what is wrong with them. */
export function useWhat(one: Referral): string {
  const named = useWords(codes);
  const t = useWords(corrections);
  if (one.feed !== null) return t.correction + aside(t[one.code as 'ERR_AMT']);
  return one.code in named ? named[one.code as keyof typeof named] : one.code;
}
