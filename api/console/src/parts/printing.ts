import { api, type Schemas, told } from '../contract/client';
import { language } from '../words/catalogue';

export const MOST_PRINTED = 50;

/** Ask for the forms of at most 50 alerts, which is written down, open the page that prints them, return what it holds.
 *
 * A browser that opens no page by itself, as after a password was asked for, shows it in place of this one. */
export async function printForms(alerts: string[], kind: 'check' | 'round'): Promise<Schemas['PrintOut']> {
  const body = { alerts, kind, language: language.get() };
  const made = await told(api.POST('/api/v1/forms', { body }));
  if (window.open(made.path, '_blank') === null) location.assign(made.path);
  return made;
}
