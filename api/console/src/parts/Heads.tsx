import type { ReactElement } from 'react';

/** A title as it is, or in brackets where the column holds numbers, which stand to the right like their title. */
export type Title = string | readonly [string];

/** The head of a table. */
export function Heads({ titles }: { titles: readonly Title[] }): ReactElement {
  return (
    <thead>
      <tr>
        {titles.map((title) =>
          typeof title === 'string' ? (
            <th key={title} scope="col">
              {title}
            </th>
          ) : (
            <th key={title[0]} scope="col" className="number">
              {title[0]}
            </th>
          ),
        )}
      </tr>
    </thead>
  );
}
