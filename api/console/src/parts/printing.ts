import { api, told } from '../contract/client';
import { language } from '../words/catalogue';

const MOST = 50;

/** Ask for the forms of some alerts, which is written down, and open the page that prints them.
 *
 * A browser that opens no page by itself, as after a password was asked for, shows it in place of this one. */
export async function printForms(alerts: string[], kind: 'check' | 'round'): Promise<void> {
  const body = { alerts: alerts.slice(0, MOST), kind, language: language.get() };
  const made = await told(api.POST('/api/v1/forms', { body }));
  if (window.open(made.path, '_blank') === null) location.assign(made.path);
}
