import { useEffect, useRef } from 'react';
import { store } from './store';

/** Keys by name, as j, X (with shift), ?, Enter, Escape, or two pressed in turn: "g q". */
export type Keys = Record<string, (event: KeyboardEvent) => unknown>;
type Layer = { keys: { current: Keys }; on: { current: boolean } };

const KEPT = 'lowincome.keys-off';
const PAIR_MS = 1200;
const layers: Layer[] = [];
let before = { key: '', at: 0 };

function remembered(): boolean {
  try {
    return localStorage.getItem(KEPT) !== '1';
  } catch {
    return true;
  }
}

/** Whether single keys act at all: they can be switched off (WCAG 2.1.4). */
export const keysOn = store<boolean>(remembered());

export function switchKeys(on: boolean): void {
  try {
    localStorage.setItem(KEPT, on ? '0' : '1');
  } catch {
    // The choice then lasts as long as the page.
  }
  keysOn.set(on);
}

function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.matches('input[type=checkbox]')) return false; // nothing is typed into a tick: what was ticked is acted on
  return target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName);
}

/** Escape in a box that is written in leaves the box; only the next one closes what stands around it. */
export function leftBox(event: KeyboardEvent): boolean {
  const { target } = event;
  const box = target instanceof HTMLElement && target.matches('textarea, input:not([type=checkbox]):not([type=radio])');
  if (box) target.blur();
  return box;
}

/** A key is dead while an input method composes, with a modifier, and while somebody types; Escape alone is not. */
function dead(event: KeyboardEvent): boolean {
  if (event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey || event.altKey) return true;
  if (event.key === 'Escape') return false;
  return !keysOn.get() || typing(event.target);
}

/** Enter and space belong to the button or link that has the focus. */
function ownKey(event: KeyboardEvent): boolean {
  const target = event.target;
  if (event.key !== 'Enter' && event.key !== ' ') return false;
  return target instanceof HTMLElement && target.closest('button, a, [role="button"], [role="option"]') !== null;
}

export function pressed(event: KeyboardEvent): void {
  if (event.defaultPrevented || dead(event) || ownKey(event)) return;
  const now = Date.now();
  const pair = now - before.at < PAIR_MS ? `${before.key.toLowerCase()} ${event.key.toLowerCase()}` : '';
  before = { key: event.key, at: now };
  for (let at = layers.length - 1; at >= 0; at -= 1) {
    const layer = layers[at];
    const act = layer?.on.current ? (layer.keys.current[pair] ?? layer.keys.current[event.key]) : undefined;
    if (act !== undefined) {
      event.preventDefault();
      act(event);
      return;
    }
  }
}

/** Bind keys as long as the component is there; what was bound last comes first. */
export function useKeys(keys: Keys, on = true): void {
  const layer = useRef<Layer>({ keys: { current: keys }, on: { current: on } });
  useEffect(() => {
    layer.current.keys.current = keys;
    layer.current.on.current = on;
  });
  useEffect(() => {
    const mine = layer.current;
    layers.push(mine);
    return () => {
      layers.splice(layers.indexOf(mine), 1);
    };
  }, []);
}
