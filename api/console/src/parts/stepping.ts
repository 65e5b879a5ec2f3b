import type { RefObject } from 'react';
import { useRef } from 'react';
import { useKeys } from '../app/keys';

const LINES = '[data-line]';

/** J and K go from line to line of a list: each line's own button or link, marked data-line, takes the focus. */
export function useStepping<E extends HTMLElement>(): RefObject<E | null> {
  const box = useRef<E>(null);
  const step = (by: number): void => {
    const lines = [...(box.current?.querySelectorAll<HTMLElement>(LINES) ?? [])];
    const at = lines.findIndex((one) => one === document.activeElement || one.contains(document.activeElement));
    const next = lines[at < 0 ? 0 : Math.max(0, Math.min(lines.length - 1, at + by))];
    next?.focus();
    next?.scrollIntoView({ block: 'nearest' });
  };
  useKeys({ j: () => step(1), k: () => step(-1) });
  return box;
}
