import type { ReactElement } from 'react';
import type { Schemas } from '../contract/client';
import { language, useServed, useWords } from '../words/catalogue';
import { labelled } from '../words/marks';
import { work } from './words-of-work';
import { writtenDay } from './written';

/** What a worker heard of the household, when and how, as it was registered. */
export function Heard({ leads }: { leads: Schemas['HeardOut'][] }): ReactElement | null {
  const t = useWords(work);
  const served = useServed();
  if (leads.length === 0) return null;
  return (
    <section aria-labelledby="heard">
      <h2 id="heard">{t.heard}</h2>
      <ul className="plain">
        {leads.map((one) => (
          <li key={`${one.heard_on}${one.how}${one.said}`}>
            {writtenDay(one.heard_on, language.get())} {labelled(served(one.zh, one.en))}
            {one.said ?? t.heardOver}
          </li>
        ))}
      </ul>
    </section>
  );
}
