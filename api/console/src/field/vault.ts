import { createStore, del, delMany, entries, get, set } from 'idb-keyval';
import { store } from '../app/store';

/**
 * What this device keeps of a worker's work. On a secure origin it lies in IndexedDB, sealed by a key that scripts
 * cannot read out; on plain HTTP there is no such key, so it stays in this page and goes with it.
 */
type Sealed = { iv: Uint8Array<ArrayBuffer>; data: ArrayBuffer };
type Kept = { at: string; value: unknown };

export const secure = window.isSecureContext && crypto.subtle !== undefined;
const KEY = 'key';
const inPage = new Map<string, Kept>();
const channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('lowincome-field');
let disk: ReturnType<typeof createStore> | null = null;
let key: Promise<CryptoKey> | null = null;
let owner = '';
let begin: () => void = () => undefined;
const begun = new Promise<void>((resolve) => {
  begin = resolve;
});

/** Counts the changes of what is kept, here and in other tabs, so that pages read again. */
export const changes = store(0);

if (channel !== null) channel.onmessage = () => changes.set(changes.get() + 1);

function changed(): void {
  changes.set(changes.get() + 1);
  channel?.postMessage('changed');
}

function place(): ReturnType<typeof createStore> {
  disk ??= createStore('lowincome-field', 'kept');
  return disk;
}

async function sealingKey(): Promise<CryptoKey> {
  const before = await get<CryptoKey>(KEY, place());
  if (before !== undefined) return before;
  const made = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
  await set(KEY, made, place());
  // Two tabs may have made one each: the one that stayed is everybody's.
  return (await get<CryptoKey>(KEY, place())) ?? made;
}

function ready(): Promise<CryptoKey> {
  key ??= exclusively('key', sealingKey);
  return key;
}

/** Say whose work this is; what another worker left on the device stays sealed and is not shown. */
export async function open(name: string): Promise<void> {
  const bytes = new TextEncoder().encode(name);
  const digest = secure ? new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)) : bytes;
  owner = Array.from(digest.slice(0, 12), (one) => one.toString(16).padStart(2, '0')).join('');
  begin();
  changes.set(changes.get() + 1);
}

/** A name that begins with a slash is nobody's in particular: it is known whoever has signed in, and before. */
function full(name: string): string {
  return name.startsWith('/') ? name.slice(1) : `${owner}/${name}`;
}

function opened(name: string): Promise<void> {
  return name.startsWith('/') ? Promise.resolve() : begun;
}

/** Whose work is open, as it is named on the disk. */
export function whose(): string {
  return owner;
}

/** Keep a value under a name; it is on the disk, sealed, when the promise is kept. */
export async function keep(name: string, value: unknown, quietly = false): Promise<string> {
  await opened(name);
  const at = new Date().toISOString();
  if (!secure) {
    inPage.set(full(name), { at, value });
  } else {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const plain = new TextEncoder().encode(JSON.stringify({ at, value }));
    const data = await crypto.subtle.encrypt(
      { name: 'AES-GCM', iv, additionalData: bound(name) },
      await ready(),
      plain,
    );
    await set(full(name), { iv, data } satisfies Sealed, place());
  }
  if (!quietly) changed();
  return at;
}

/** Return what is kept under a name, or undefined; what cannot be opened any more is as if it were not there. */
export async function kept<T>(name: string): Promise<{ at: string; value: T } | undefined> {
  await opened(name);
  if (!secure) return inPage.get(full(name)) as { at: string; value: T } | undefined;
  const found = await get<Sealed>(full(name), place());
  return found === undefined ? undefined : unsealed<T>(name, found);
}

async function unsealed<T>(name: string, found: Sealed): Promise<{ at: string; value: T } | undefined> {
  try {
    const how = { name: 'AES-GCM', iv: found.iv, additionalData: bound(name) };
    const plain = await crypto.subtle.decrypt(how, await ready(), found.data);
    return JSON.parse(new TextDecoder().decode(plain)) as { at: string; value: T };
  } catch {
    return undefined;
  }
}

function bound(name: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(full(name));
}

/** Return everything kept under names that begin with a prefix, in the order of their names. */
export async function keptAll<T>(prefix: string): Promise<{ name: string; at: string; value: T }[]> {
  await begun;
  const start = full(prefix);
  const names = secure ? await entries<string, Sealed>(place()) : [...inPage.entries()];
  const mine = names.filter(([name]) => String(name).startsWith(start)).sort(([a], [b]) => (a < b ? -1 : 1));
  const found = await Promise.all(
    mine.map(async ([name]) => {
      const short = String(name).slice(owner.length + 1);
      const one = await kept<T>(short);
      return one === undefined ? undefined : { name: short, ...one };
    }),
  );
  return found.filter((one) => one !== undefined);
}

export async function forget(...names: string[]): Promise<void> {
  if (names.length === 0) return;
  await Promise.all(names.map(opened));
  for (const name of names) inPage.delete(full(name));
  if (secure) await delMany(names.map(full), place());
  changed();
}

/** Forget everything of this worker; with the key gone nothing of it could be read even from the bare disk. */
export async function wipe(): Promise<void> {
  const all = await keptAll<unknown>('');
  await forget(...all.map((one) => one.name));
  if (!secure) return;
  const left = await entries<string, unknown>(place());
  if (left.every(([name]) => name === KEY)) {
    await del(KEY, place());
    key = null;
  }
}

const chains = new Map<string, Promise<unknown>>();

/** Do one thing at a time under a name, in this tab and, where the browser can, in all of them. */
export function exclusively<T>(name: string, work: () => Promise<T>): Promise<T> {
  // Web Locks exist on secure origins only; elsewhere nothing is shared between tabs.
  if (navigator.locks !== undefined) return navigator.locks.request(`lowincome-${name}`, work) as Promise<T>;
  const next = (chains.get(name) ?? Promise.resolve()).then(work, work);
  chains.set(
    name,
    next.catch(() => undefined),
  );
  return next;
}
