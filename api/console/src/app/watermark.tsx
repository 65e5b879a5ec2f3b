import type { ReactElement } from 'react';
import { useEffect, useState } from 'react';
import { writtenInstant } from '../parts/written';
import { useSession } from './session';

const MINUTE_MS = 60_000;

function drawn(...lines: string[]): string {
  const safe = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
  // Each in the middle of the tile and none longer than it: a time that is cut off proves nothing.
  const texts = lines.map((line, at) => `<text x="160" y="${80 + at * 22}">${safe(line)}</text>`).join('');
  const drawing = `<svg xmlns="http://www.w3.org/2000/svg" width="320" height="180"><g transform="rotate(-20 160 90)" text-anchor="middle" font-size="15" font-family="sans-serif" fill="#000" fill-opacity="0.07">${texts}</g></svg>`;
  return `url("data:image/svg+xml,${encodeURIComponent(drawing)}")`;
}

/** Who looks and when, over every page with personal data: a photograph of it says whose screen it was. */
export function Watermark(): ReactElement {
  const { name } = useSession();
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), MINUTE_MS);
    return () => clearInterval(timer);
  }, []);
  const image = drawn(name, writtenInstant(now));
  return <div className="watermark" aria-hidden="true" style={{ backgroundImage: image }} />;
}
