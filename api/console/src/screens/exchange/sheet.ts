import { api, type Schemas, told } from '../../contract/client';
import { saved } from '../../parts/saving';

export type Preview = Schemas['PreviewOut'];
export type Name = Preview['columns'][number]['name'];
/** The place of each column as chosen; null: the sheet does not have it. */
export type Places = Partial<Record<Name, number | null>>;
const ENDINGS = ['xlsx', 'xls', 'csv'] as const;
export type Ending = (typeof ENDINGS)[number];

/** Return what kind of sheet a file is by its name; null: none that is taken. */
export function endingOf(name: string): Ending | null {
  const said = name.toLowerCase().split('.').pop();
  return ENDINGS.find((one) => one === said) ?? null;
}

/** A file as a request's body: its bytes as they are. */
export function raw(file: File): { body: string; bodySerializer: () => Blob; headers: Record<string, string> } {
  return {
    body: '',
    bodySerializer: () => file,
    headers: { 'Content-Type': 'application/octet-stream' },
  };
}

export function placesOf(preview: Preview): Places {
  return Object.fromEntries(preview.columns.map((one) => [one.name, one.place]));
}

function columns(places: Places | null): { columns?: string[] } {
  if (places === null) return {};
  const said = Object.entries(places).filter(([, place]) => place !== null);
  return { columns: said.map(([name, place]) => `${name}:${place}`) };
}

/** Ask how a sheet would be read; nothing is recorded. */
export async function look(file: File, ending: Ending, places: Places | null): Promise<Preview> {
  const query = { ending, ...columns(places) };
  return told(api.POST('/api/v1/visits/preview', { params: { query }, ...raw(file) })) as Promise<Preview>;
}

export async function record(file: File, ending: Ending, places: Places): Promise<Schemas['ImportedOut']> {
  const query = { ending, ...columns(places) };
  return told(api.POST('/api/v1/visits/import', { params: { query }, ...raw(file) })) as Promise<
    Schemas['ImportedOut']
  >;
}

/** Save the rows that cannot be recorded as a workbook, each with why. */
export async function saveErrors(file: File, ending: Ending, places: Places): Promise<void> {
  const query = { ending, answer: 'errors' as const, ...columns(places) };
  await saved(api.POST('/api/v1/visits/preview', { params: { query }, ...raw(file), parseAs: 'blob' }), 'errors.xlsx');
}
