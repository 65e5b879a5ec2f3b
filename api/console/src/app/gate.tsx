import type { ReactElement } from 'react';
import { lazy, Suspense } from 'react';
import { demanded } from '../contract/demand';
import { useStored } from './store';

const Asking = lazy(() => import('./asking'));

/** Over the page, which stays as it is, whatever a request waits for. */
export function Gate(): ReactElement {
  const wanted = useStored(demanded);
  return <Suspense fallback={null}>{wanted === null ? null : <Asking wanted={wanted} />}</Suspense>;
}
