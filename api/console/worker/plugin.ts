import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Plugin, Rolldown } from 'vite';

type Bundle = Rolldown.OutputBundle;
/** What must open in a village without a signal: signing in again and the visits. The rest is kept once it was used. */
const NEEDED = [
  'screens/visits/',
  'screens/follow-up/',
  'screens/sign-in/',
  'app/asking',
  'app/leaving',
  'field/start',
];

function needed(bundle: Bundle): string[] {
  const found = new Set<string>();
  const add = (name: string): void => {
    const one = bundle[name];
    if (one === undefined || one.type !== 'chunk' || found.has(name)) return;
    found.add(name);
    for (const sheet of one.viteMetadata?.importedCss ?? []) found.add(sheet);
    for (const other of one.imports) add(other);
  };
  for (const [name, one] of Object.entries(bundle)) {
    if (one.type !== 'chunk') continue;
    const from = one.facadeModuleId ?? '';
    if (one.isEntry || NEEDED.some((part) => from.includes(part))) add(name);
  }
  return [...found].sort();
}

/** Write sw.js with the list of this build's shell; another build is another version. */
export function worker(): Plugin {
  return {
    name: 'lowincome-worker',
    apply: 'build',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const files = needed(bundle).map((name) => `/${name}`);
      const plain = readFileSync(new URL('./sw.js', import.meta.url), 'utf8');
      const version = createHash('sha256').update(files.join('\n')).update(plain).digest('hex').slice(0, 12);
      const source = plain.replace('__FILES__', JSON.stringify(files)).replace('__VERSION__', version);
      this.emitFile({ type: 'asset', fileName: 'sw.js', source });
    },
  };
}
