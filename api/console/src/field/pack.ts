import { api, BY_ITSELF, type Schemas, told, Unreachable } from '../contract/client';
import { hold, noteWiped, over } from './held';
import { tellWiped } from './sweep';
import { forget, keep, kept, secure } from './vault';

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
  await keep(PACK, pack);
  await keep(CATALOGUE, said.catalogue);
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
    const dropped = new Set(state.dropped);
    const sheets = pack.sheets.filter((one) => !dropped.has(one.alert.id));
    const fewer = pack.sheets.length - sheets.length;
    if (fewer > 0) await keep(PACK, { ...pack, sheets, count: pack.count - fewer });
    return undefined;
  } catch (failure) {
    if (failure instanceof Unreachable) return undefined;
    throw failure;
  }
}

/** Take the pack off this device and let the server know; without a network it is told as soon as there is one. */
export async function wipePack(pack?: Pack): Promise<void> {
  const gone = pack ?? (await kept<Pack>(PACK))?.value;
  await forget(PACK, CATALOGUE);
  if (gone === undefined) return;
  await noteWiped(gone.id);
  await tellWiped();
}

/** An alert of the pack has come to another version by what was sent from here. */
export async function noteVersion(alert: string, version: number, visited: boolean): Promise<void> {
  const pack = (await kept<Pack>(PACK))?.value;
  if (pack === undefined) return;
  const sheets = pack.sheets.map((one) =>
    one.alert.id === alert ? { ...one, alert: { ...one.alert, version, ...(visited ? VISITED : {}) } } : one,
  );
  await keep(PACK, { ...pack, sheets });
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

/** What a visit may say: the server's words of today, else those that came with the pack. */
export function catalogueNow(): Promise<Catalogue> {
  const asked = told(api.GET('/api/v1/visits/catalogue'));
  void asked.then((said) => keep(CATALOGUE, said)).catch(() => undefined);
  return soon(asked, async () => (await kept<Catalogue>(CATALOGUE))?.value);
}
