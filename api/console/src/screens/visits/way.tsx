import type { ReactElement } from 'react';
import { store, useStored } from '../../app/store';
import { useWords } from '../../words/catalogue';
import { words } from './words';

const KEPT = 'lowincome.navigation-on';
const APPLE = /iPhone|iPad|iPod/;

function remembered(): boolean {
  try {
    return localStorage.getItem(KEPT) === '1';
  } catch {
    return false;
  }
}

/** Whether villages lead to the telephone's own map; off until whoever uses it says so. */
const shown = store<boolean>(remembered());

function show(on: boolean): void {
  try {
    localStorage.setItem(KEPT, on ? '1' : '0');
  } catch {
    // The choice then lasts as long as the page.
  }
  shown.set(on);
}

/** The address that opens a place by its name in whatever map the telephone has; no request is made by the page. */
export function mapOf(place: string, agent = navigator.userAgent): string {
  const sought = encodeURIComponent(place);
  return APPLE.test(agent) ? `maps:?q=${sought}` : `geo:0,0?q=${sought}`;
}

/** Says what is handed over before anything is, and is off at first. */
export function WaySwitch(): ReactElement {
  const t = useWords(words);
  const on = useStored(shown);
  return (
    <div className="way-switch">
      <label className="chip">
        <input type="checkbox" checked={on} onChange={(event) => show(event.target.checked)} />
        {t.ways}
      </label>
      {on ? <p className="quiet">{t.waysHint}</p> : null}
    </div>
  );
}

/** One tap from a village's heading to the way there. */
export function Way({ village }: { village: string }): ReactElement | null {
  const t = useWords(words);
  if (!useStored(shown)) return null;
  return (
    <a className="call" href={mapOf(village)} aria-label={t.wayTo(village)}>
      {t.way}
    </a>
  );
}
