import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { del, get, set } from 'idb-keyval';
import type { ReactElement, ReactNode } from 'react';
import { createContext, useContext } from 'react';
import { Navigate, useLocation } from 'react-router';
import { api, Refusal, type Schemas, told, Unreachable } from '../contract/client';
import { leaveLater } from '../contract/leaving';
import { Failure } from '../parts/Failure';
import { PageOnItsWay } from '../parts/ListState';
import { useWords } from '../words/catalogue';
import { shared } from '../words/shared';

export type Session = Schemas['SessionOut'];

const KEPT = 'session';
const PATIENCE_MS = 5000;
export const SESSION_KEY = ['session'] as const;
const Current = createContext<Session | null>(null);

/** Who is signed in; null: nobody. Without a network, whoever was signed in last on this device. */
async function whoAmI(): Promise<Session | null> {
  try {
    const found = await told(api.GET('/api/v1/session'));
    void set(KEPT, found).catch(() => undefined); // for a day without a network: nobody waits for it now
    return found;
  } catch (failure) {
    if (failure instanceof Refusal && failure.status === 401) {
      await del(KEPT).catch(() => undefined);
      return null;
    }
    const before = failure instanceof Unreachable ? await get<Session>(KEPT).catch(() => undefined) : undefined;
    if (before !== undefined) return before;
    throw failure;
  }
}

/** How it is asked who is signed in. */
export const asksWho = queryOptions({
  queryKey: SESSION_KEY,
  queryFn: whoAmI,
  staleTime: Number.POSITIVE_INFINITY,
  networkMode: 'always',
  retry: false,
});

export function useWho(): { who: Session | null | undefined; error: unknown; again: () => unknown } {
  const query = useQuery(asksWho);
  return { who: query.data, error: query.error, again: query.refetch };
}

/** Let in whoever is signed in; everybody else goes to sign in and comes back to where they wanted to be. */
export function SignedIn({ children }: { children: ReactNode }): ReactElement {
  const { who, error, again } = useWho();
  const { pathname, search } = useLocation();
  if (who === undefined) return error === null ? <PageOnItsWay /> : <NotLetIn error={error} again={again} />;
  if (who === null) return <Navigate to="/sign-in" replace state={{ from: pathname + search }} />;
  if (who.unfinished.length > 0 && pathname !== '/account') return <Navigate to="/account" replace />;
  return <Current.Provider value={who}>{children}</Current.Provider>;
}

function NotLetIn({ error, again }: { error: unknown; again: () => unknown }): ReactElement {
  const t = useWords(shared);
  return (
    <main className="card">
      <h1>{t.service}</h1>
      <Failure error={error} onRetry={again} kept={false} />
    </main>
  );
}

/** Return who is signed in; only within the shell. */
export function useSession(): Session {
  const who = useContext(Current);
  if (who === null) throw new Error('nobody is signed in here');
  return who;
}

/** Return whether the person may do an action of the policy, as alert.assign. */
export function useMay(): (action: string) => boolean {
  const { actions } = useSession();
  return (action) => actions.includes(action);
}

/** End the session on the server: true when it is over; false when it cannot be reached, or not soon. */
async function endThere(): Promise<boolean> {
  try {
    const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), PATIENCE_MS));
    return await Promise.race([told(api.DELETE('/api/v1/session')).then(() => true), late]);
  } catch (failure) {
    if (failure instanceof Unreachable) return false;
    if (failure instanceof Refusal && failure.status === 401) return true;
    throw failure;
  }
}

/** Return how to sign out: the session ends on the server, now or first of all next time; the browser forgets. */
export function useSignOut(): () => Promise<void> {
  const queries = useQueryClient();
  return async () => {
    const over = await endThere();
    await (await import('../field/start')).leaveNothing().catch(() => undefined);
    await del(KEPT).catch(() => undefined);
    if (!over) leaveLater();
    queries.clear();
    location.assign('/sign-in');
  };
}
