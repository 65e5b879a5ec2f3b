import { exclusively, forget, keep, kept, whose } from './vault';

/** A pack that lies on this device, whoever took it; ``latest`` is how far the device's clock has been seen to get. */
export type Held = {
  id: string;
  token: string;
  expires_at: string;
  skewMs: number;
  owner: string;
  latest: number;
  /** It is wiped, and the server does not know yet. */
  wiped?: boolean;
};

const HELD = '/held';
const BACK_MS = 600_000;
const NOTED_MS = 30_000;

export async function heldPacks(): Promise<Held[]> {
  return (await kept<Held[]>(HELD))?.value ?? [];
}

function change(how: (all: Held[]) => Held[]): Promise<void> {
  return exclusively('held', async () => {
    const after = how(await heldPacks());
    // Quietly: it changes nothing that a page shows.
    await (after.length === 0 ? forget(HELD) : keep(HELD, after, true));
  });
}

type Taken = Pick<Held, 'id' | 'token' | 'expires_at' | 'skewMs'>;

/** Note that a pack lies here, in the hands of whoever is signed in; it takes the place of theirs before it. */
export function hold({ id, token, expires_at, skewMs }: Taken): Promise<void> {
  const one: Held = { id, token, expires_at, skewMs, owner: whose(), latest: Date.now() };
  return change((all) => [...all.map((other) => (other.owner === one.owner ? { ...other, wiped: true } : other)), one]);
}

export async function letGo(id: string): Promise<void> {
  if ((await heldPacks()).some((one) => one.id === id)) await change((all) => all.filter((one) => one.id !== id));
}

/** Take a pack off the disk, whosever it is, and leave one that took its place; the server is still to be told. */
export async function wipeHeld({ id, owner }: Pick<Held, 'id' | 'owner'>): Promise<void> {
  const pack = `/${owner}/pack`;
  await withPack(async () => {
    const found = await kept<Pick<Held, 'id'>>(pack);
    if (found === undefined || found.value.id === id) await forget(pack, `/${owner}/catalogue`);
  });
  await change((all) => all.map((one) => (one.id === id ? { ...one, wiped: true } : one)));
}

/** What is done to a pack is done one at a time: what was wiped meanwhile does not come back. */
export function withPack<T>(work: () => Promise<T>): Promise<T> {
  return exclusively('pack', work);
}

/** Whether a pack is over by this device's clock: past its time, or the clock was set back since it was last seen. */
export async function over(id: string): Promise<boolean> {
  const one = (await heldPacks()).find((each) => each.id === id);
  if (one === undefined || one.wiped === true) return true;
  const now = Date.now();
  if (now < one.latest - BACK_MS || now + one.skewMs >= Date.parse(one.expires_at)) return true;
  if (now > one.latest + NOTED_MS) {
    await change((all) => all.map((each) => (each.id === id ? { ...each, latest: Math.max(each.latest, now) } : each)));
  }
  return false;
}
