import type { ReactElement } from 'react';
import { ListState } from '../../parts/ListState';
import { useWords } from '../../words/catalogue';
import { useQuiets } from '../quiets/asked';
import { QuietList } from '../quiets/list';
import { words } from '../quiets/words';

/** The rules that raise no alert on this household for a time, because somebody found no need. */
export function Quieted({ no }: { no: string }): ReactElement {
  const t = useWords(words);
  const query = useQuiets({ household_no: no });
  const quiets = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section aria-label={t.panel}>
      <h2>{t.panel}</h2>
      <ListState query={query} what={t.panel} count={quiets.length} nothing={<p className="quiet">{t.panelNothing}</p>}>
        <QuietList quiets={quiets} named={false} />
      </ListState>
    </section>
  );
}
