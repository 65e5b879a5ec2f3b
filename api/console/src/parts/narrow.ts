import { useSyncExternalStore } from 'react';

const PHONE = '(max-width: 767px)';
const asked = window.matchMedia(PHONE);

function follow(told: () => void): () => void {
  asked.addEventListener('change', told);
  return () => asked.removeEventListener('change', told);
}

/** Whether the page is as narrow as a phone; such a page loads no table, cascader or date picker of the desk. */
export function useNarrow(): boolean {
  return useSyncExternalStore(follow, () => asked.matches);
}
