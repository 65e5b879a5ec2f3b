import { api, BY_ITSELF, Refusal, told, Unreachable } from '../contract/client';
import { type Held, heldPacks, letGo, over, wipeHeld } from './held';
import { secure } from './vault';

const PATIENCE_MS = 3000;
/** Why packs were wiped by a sweep, by their owner: told to them when they sign in. */
const swept = new Map<string, string>();

/**
 * Wipe every pack on this device that is over, whoever took it and whoever is signed in or nobody: those past their
 * time at once, those that the server has ended when it says so. Resolves after a few seconds though it hangs.
 */
export async function sweep(): Promise<void> {
  if (!secure) return;
  const left: Held[] = [];
  for (const one of await heldPacks()) {
    if (one.wiped !== true && (await over(one.id))) await end(one, 'expired');
    left.push(one);
  }
  await patiently(Promise.all(left.map(ask)));
}

/** Tell the server of the packs that were wiped, and later of those for which it could not be reached. */
export async function tellWiped(): Promise<void> {
  const owed = (await heldPacks()).filter((one) => one.wiped === true);
  await patiently(Promise.all(owed.map(tell)));
}

/** Wait for some seconds, and not for ever where the network hangs; what did not get through is done next time. */
async function patiently(work: Promise<unknown>): Promise<void> {
  const reached = work.catch((failure: unknown) => {
    if (!(failure instanceof Unreachable || failure instanceof Refusal)) throw failure;
  });
  await Promise.race([reached, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
}

/** Return why somebody's pack was wiped while they were away, once. */
export function sweptOf(owner: string): string | undefined {
  const why = swept.get(owner);
  swept.delete(owner);
  return why;
}

async function end(one: Held, why: string): Promise<void> {
  await wipeHeld(one);
  swept.set(one.owner, why);
}

async function ask(one: Held): Promise<void> {
  const body = { id: one.id, token: one.token };
  const now = (await heldPacks()).find((each) => each.id === one.id);
  if (now === undefined) return;
  if (now.wiped !== true) {
    const state = await told(api.POST('/api/v1/packs/state', { body, headers: BY_ITSELF }));
    if (state.living) return;
    await end(one, state.why ?? 'unknown');
  }
  await tell(one);
}

async function tell({ id, token }: Held): Promise<void> {
  await told(api.POST('/api/v1/packs/wiped', { body: { id, token } }));
  await letGo(id);
}
