import { store } from '../app/store';

/** What a person must do before a request can go on: sign in again, or prove again who they are. */
export type Kind = 'sign-in' | 'proof';
export type Demand = { kind: Kind; done: (well: boolean) => void };

export const demanded = store<Demand | null>(null);
let waiting: Promise<boolean> | null = null;

/** Ask once, however many requests wait for it; true when the request may be sent again. */
export function demand(kind: Kind): Promise<boolean> {
  waiting ??= new Promise<boolean>((resolve) => {
    demanded.set({
      kind,
      done: (well) => {
        demanded.set(null);
        waiting = null;
        resolve(well);
      },
    });
  });
  return waiting;
}
