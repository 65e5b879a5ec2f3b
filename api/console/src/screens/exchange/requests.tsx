import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useSession } from '../../app/session';
import { api, ifMatch, type Schemas, told } from '../../contract/client';
import { Button } from '../../parts/Button';
import { useSaid } from '../../parts/Failure';
import { newId } from '../../parts/ids';
import { ListState } from '../../parts/ListState';
import { saved } from '../../parts/saving';
import { Instant } from '../../parts/small';
import { writtenCount } from '../../parts/written';
import { useWords } from '../../words/catalogue';
import { words } from './words';

type Request = Schemas['ExportRequestOut'];
type Act = { one: Request; what: 'agree' | 'refuse' | 'take' };

/** Exports that wait for a second person: mine to take, others' to decide on. */
export function Requests(): ReactElement {
  const t = useWords(words);
  const said = useSaid();
  const queries = useQueryClient();
  const query = useQuery({
    queryKey: ['export-requests'],
    queryFn: () => told(api.GET('/api/v1/exports/requests')),
    retry: false,
  });
  const act = useMutation<unknown, unknown, Act>({
    mutationFn: carryOut,
    onSettled: () => queries.invalidateQueries({ queryKey: ['export-requests'] }),
  });
  const requests = query.data ?? [];
  return (
    <section>
      <h2>{t.requests}</h2>
      {act.error === null ? null : (
        <p role="alert" className="refused">
          {said(act.error)}
        </p>
      )}
      <ListState query={query} what={t.requests} count={requests.length} nothing={<p>{t.noRequests}</p>}>
        <RequestTable requests={requests} onAct={act.mutate} />
      </ListState>
    </section>
  );
}

async function carryOut({ one, what }: Act): Promise<unknown> {
  const path = { export_id: one.id };
  if (what === 'take') {
    return saved(
      api.POST('/api/v1/exports/requests/{export_id}/file', { params: { path }, parseAs: 'blob' }),
      'alerts.xlsx',
    );
  }
  const header = { ...ifMatch(one.version), 'Idempotency-Key': newId() };
  return told(
    api.POST('/api/v1/exports/requests/{export_id}/decision', { params: { path, header }, body: { verdict: what } }),
  );
}

function RequestTable({ requests, onAct }: { requests: Request[]; onAct: (act: Act) => void }): ReactElement {
  const t = useWords(words);
  const states = { asked: t.stateAsked, agreed: t.stateAgreed, refused: t.stateRefused, taken: t.stateTaken };
  return (
    <div className="exchange-wide">
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">{t.who}</th>
            <th scope="col">{t.whyShort}</th>
            <th scope="col" className="number">
              {t.rows}
            </th>
            <th scope="col">{t.state}</th>
            <th scope="col">{t.act}</th>
          </tr>
        </thead>
        <tbody>
          {requests.map((one) => (
            <tr key={one.id}>
              <th scope="row">
                {one.asked_by} <Instant at={one.asked_at} />
              </th>
              <td>{one.why}</td>
              <td className="number">{writtenCount(one.rows)}</td>
              <td>{states[one.status]}</td>
              <td>
                <Acts one={one} onAct={onAct} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Acts({ one, onAct }: { one: Request; onAct: (act: Act) => void }): ReactElement | null {
  const t = useWords(words);
  const { name } = useSession();
  const mine = one.asked_by === name;
  if (mine && (one.status === 'agreed' || one.status === 'taken')) {
    return (
      <Button size="small" onClick={() => onAct({ one, what: 'take' })}>
        {t.fetch}
      </Button>
    );
  }
  if (mine || one.status !== 'asked') return null;
  return (
    <span className="row-of-buttons">
      <Button size="small" type="primary" onClick={() => onAct({ one, what: 'agree' })}>
        {t.agree}
      </Button>
      <Button size="small" onClick={() => onAct({ one, what: 'refuse' })}>
        {t.refuse}
      </Button>
    </span>
  );
}
