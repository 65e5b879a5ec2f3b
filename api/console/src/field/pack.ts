import { api, BY_ITSELF, type Schemas, told, Unreachable } from '../contract/client';
import { hold, over, wipeHeld, withPack } from './held';
import { tellWiped } from './sweep';
import { keep, kept, secure, whose } from './vault';

export type Sheet = Schemas['VisitSheetOut'];
export type Catalogue = Schemas['CatalogueOut'];
/** A visit pack on this device; ``skewMs`` is how far the device's clock was behind the server's when it was taken. */
export type Pack = Schemas['PackOut'] & { skewMs: number };
/** Why a pack is no longer here, for the page to say. */
export type Gone = { why: string };

const PACK = 'pack';
const CATALOGUE = 'catalogue';
const VISITED = { status: 'visited' } as const;

/** Download what is in my hands; refused on a plain connection, where nothing could be sealed. */
export async function takePack(phones: boolean): Promise<Pack> {
  if (!secure) throw new Error('plain connection');
  const said = await told(api.POST('/api/v1/packs', { body: { phones } }));
  const pack: Pack = { ...said, skewMs: Date.parse(said.made_at) - Date.now() };
  await hold(pack);
  await withPack(async () => {
    await keep(PACK, pack);
    await keep(CATALOGUE, said.catalogue);
  });
  await tellWiped();
  return pack;
}

/** The pack that is here, still good by the server's clock as it was known; one past its time is wiped, and one whose
 * device had its clock set back. */
export async function packNow(): Promise<Pack | undefined> {
  const found = await kept<Pack>(PACK);
  if (found === undefined) return undefined;
  if (!(await over(found.value.id))) return found.value;
  await wipePack(found.value);
  return undefined;
}

/** Ask whether the pack is still good, and wipe it if not; alerts that are no longer mine are taken out of it. */
export async function checkPack(): Promise<Gone | undefined> {
  if ((await kept<Pack>(PACK)) === undefined) return undefined;
  const pack = await packNow();
  if (pack === undefined) return { why: 'expired' };
  try {
    const body = { id: pack.id, token: pack.token };
    const state = await told(api.POST('/api/v1/packs/state', { body, headers: BY_ITSELF }));
    if (!state.living) {
      await wipePack(pack);
      return { why: state.why ?? 'unknown' };
    }
    await drop(new Set(state.dropped));
    return undefined;
  } catch (failure) {
    if (failure instanceof Unreachable) return undefined;
    throw failure;
  }
}

/** Take the pack off this device and let the server know; without a network it is told as soon as there is one. */
export async function wipePack(pack?: Pack): Promise<void> {
  const gone = pack ?? (await kept<Pack>(PACK))?.value;
  if (gone === undefined) return;
  await wipeHeld({ id: gone.id, owner: whose() });
  await tellWiped();
}

/** Change the pack that is here, if it still is; ``how`` gives back the same where nothing is to be changed. */
function changed(how: (pack: Pack) => Pack): Promise<void> {
  return withPack(async () => {
    const pack = (await kept<Pack>(PACK))?.value;
    const after = pack === undefined ? undefined : how(pack);
    if (after !== pack) await keep(PACK, after);
  });
}

function drop(alerts: Set<string>): Promise<void> {
  return changed((pack) => {
    const sheets = pack.sheets.filter((one) => !alerts.has(one.alert.id));
    const fewer = pack.sheets.length - sheets.length;
    return fewer === 0 ? pack : { ...pack, sheets, count: pack.count - fewer };
  });
}

/** An alert of the pack has come to another version by what was sent from here. */
export function noteVersion(alert: string, version: number, visited: boolean): Promise<void> {
  const here = (one: Sheet): Sheet =>
    one.alert.id === alert ? { ...one, alert: { ...one.alert, version, ...(visited ? VISITED : {}) } } : one;
  return changed((pack) => ({ ...pack, sheets: pack.sheets.map(here) }));
}

const PATIENCE_MS = 3000;

/** What the server says, or what is here when it is away or says nothing for some seconds; without that, what it says. */
async function soon<T>(asked: Promise<T>, here: () => Promise<T | undefined>): Promise<T> {
  const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), PATIENCE_MS));
  try {
    return (await Promise.race([asked, late])) ?? (await here()) ?? (await asked);
  } catch (failure) {
    const found = failure instanceof Unreachable ? await here() : undefined;
    if (found === undefined) throw failure;
    return found;
  }
}

/** The sheet of one household: from the server where it can be reached, else from the pack. */
export function sheetOf(alert: string): Promise<Sheet> {
  const asked = told(api.GET('/api/v1/alerts/{alert_id}/sheet', { params: { path: { alert_id: alert } } }));
  return soon(asked, async () => (await packNow())?.sheets.find((one) => one.alert.id === alert));
}

/** What a visit may say: the server's words of today, kept beside the pack, else those that came with it. */
export function catalogueNow(): Promise<Catalogue> {
  const asked = told(api.GET('/api/v1/visits/catalogue'));
  void asked.then(renew).catch(() => undefined);
  return soon(asked, async () => (await kept<Catalogue>(CATALOGUE))?.value);
}

/** An answer may come after the pack was wiped: then nothing of it is put back. */
function renew(said: Catalogue): Promise<void> {
  return withPack(async () => {
    if ((await kept<Pack>(PACK)) !== undefined) await keep(CATALOGUE, said);
  });
}
