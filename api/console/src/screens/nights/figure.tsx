import type { ReactElement } from 'react';

/** A figure in a table that stacks on a telephone, where its label stands beside it. */
export function Figure({ label, said }: { label: string; said: string }): ReactElement {
  return (
    <td data-label={label} className="number">
      {said}
    </td>
  );
}
