import type { Plugin, Rolldown } from 'vite';
import paths from '../paths.json' with { type: 'json' };

type Bundle = Rolldown.OutputBundle;
/** The screens that a morning and a village begin with, by their folder: their parts are asked for with the page. */
const FIRST: Record<string, string> = {
  [paths.queue]: 'screens/queue/screen',
  [paths.visits]: 'screens/visits/screen',
};

function chunks(bundle: Bundle): Rolldown.OutputChunk[] {
  return Object.values(bundle).filter((one) => one.type === 'chunk');
}

/** A chunk and all that it cannot run without. */
function whole(bundle: Bundle, name: string, found: Set<string>): Set<string> {
  const one = bundle[name];
  if (one === undefined || one.type !== 'chunk' || found.has(name)) return found;
  found.add(name);
  for (const other of one.imports) whole(bundle, other, found);
  return found;
}

function partsOf(bundle: Bundle): Record<string, string[]> {
  const entry = new Set<string>();
  for (const one of chunks(bundle)) if (one.isEntry) whole(bundle, one.fileName, entry);
  const parts = Object.entries(FIRST).map(([path, source]) => {
    const page = chunks(bundle).find((one) => one.facadeModuleId?.includes(source));
    if (page === undefined) throw new Error(`no screen is built from ${source}`);
    const more = [...whole(bundle, page.fileName, new Set())].filter((name) => !entry.has(name));
    return [path, more.sort().map((name) => `/${name}`)];
  });
  return Object.fromEntries(parts) as Record<string, string[]>;
}

/** Have src/early.ts run before everything else, and note in the page which parts its screens are made of. */
export function early(): Plugin {
  return {
    name: 'lowincome-early',
    apply: 'build',
    enforce: 'post',
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle }) {
        if (bundle === undefined) return html;
        const first = chunks(bundle).find((one) => one.facadeModuleId?.endsWith('/src/early.ts'));
        if (first === undefined) throw new Error('src/early.ts is not built');
        const noted = JSON.stringify(partsOf(bundle)).replaceAll('"', '&quot;');
        const script = `<script type="module" crossorigin src="/${first.fileName}"></script>`;
        const headed = html.replace('<head>', `<head>\n    ${script}`);
        return headed.replace('</title>', `</title>\n    <meta name="parts" content="${noted}">`);
      },
    },
  };
}
