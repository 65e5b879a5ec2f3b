import { useSyncExternalStore } from 'react';

function follow(told: () => void): () => void {
  window.addEventListener('online', told);
  window.addEventListener('offline', told);
  return () => {
    window.removeEventListener('online', told);
    window.removeEventListener('offline', told);
  };
}

export function useOnline(): boolean {
  return useSyncExternalStore(follow, () => navigator.onLine);
}
