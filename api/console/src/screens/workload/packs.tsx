import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { api, type Schemas, told } from '../../contract/client';
import { Button } from '../../parts/Button';
import { useSaid } from '../../parts/Failure';
import { Heads } from '../../parts/Heads';
import { ListState } from '../../parts/ListState';
import { offerUndo } from '../../parts/Undo';
import { writtenInstant } from '../../parts/written';
import { useWords } from '../../words/catalogue';
import { words } from './pack-words';

type Pack = Schemas['PackLine'];
const KEY = ['packs'] as const;

/** The visit packs that are out on telephones, or not known to be wiped; each can be ended from here. */
export function Packs(): ReactElement {
  const t = useWords(words);
  const query = useQuery({ queryKey: KEY, queryFn: () => told(api.GET('/api/v1/packs')) });
  const packs = query.data ?? [];
  return (
    <section>
      <h2>{t.title}</h2>
      <ListState query={query} what={t.title} count={packs.length} nothing={<p>{t.none}</p>}>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
        <section className="workload" tabIndex={0} aria-label={t.title}>
          <table className="plain-table">
            <Heads titles={[t.who, [t.households], [t.phones], t.made, t.until, t.asked, t.state]} />
            <tbody>
              {packs.map((one) => (
                <PackRow key={one.id} one={one} />
              ))}
            </tbody>
          </table>
        </section>
      </ListState>
    </section>
  );
}

function PackRow({ one }: { one: Pack }): ReactElement {
  const t = useWords(words);
  return (
    <tr>
      <th scope="row">{one.name}</th>
      <td className="number">{one.households}</td>
      <td className="number">{one.phones}</td>
      <td>{writtenInstant(one.made_at)}</td>
      <td>{writtenInstant(one.expires_at)}</td>
      <td>{one.asked_at === null ? t.never : writtenInstant(one.asked_at)}</td>
      <td>
        {one.ended_at === null ? <Ending one={one} /> : t.ended(writtenInstant(one.ended_at), one.wiped_at !== null)}
      </td>
    </tr>
  );
}

function Ending({ one }: { one: Pack }): ReactElement {
  const t = useWords(words);
  const said = useSaid();
  const queries = useQueryClient();
  const end = useMutation({
    mutationFn: () => told(api.POST('/api/v1/packs/{pack_id}/revocation', { params: { path: { pack_id: one.id } } })),
    onSuccess: () => offerUndo({ text: t.done(one.name) }),
    onSettled: () => queries.invalidateQueries({ queryKey: KEY }),
  });
  return (
    <>
      <Button size="small" danger aria-label={t.endOf(one.name)} loading={end.isPending} onClick={() => end.mutate()}>
        {t.end}
      </Button>
      {end.error === null ? null : (
        <span role="alert" className="refused">
          {said(end.error)}
        </span>
      )}
    </>
  );
}
