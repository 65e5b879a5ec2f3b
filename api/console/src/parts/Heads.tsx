import type { ReactElement } from 'react';

/** The head of a table that counts: what is counted by, then the counts. */
export function Heads({ by, counts }: { by: string; counts: string[] }): ReactElement {
  return (
    <thead>
      <tr>
        <th scope="col">{by}</th>
        {counts.map((title) => (
          <th key={title} scope="col" className="number">
            {title}
          </th>
        ))}
      </tr>
    </thead>
  );
}
