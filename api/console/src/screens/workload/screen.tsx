import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { Link } from 'react-router';
import { words as app } from '../../app/words';
import { api, type Schemas, told } from '../../contract/client';
import { Button } from '../../parts/Button';
import { Failure } from '../../parts/Failure';
import { Heads } from '../../parts/Heads';
import { newId } from '../../parts/ids';
import { ListState } from '../../parts/ListState';
import { offerUndo } from '../../parts/Undo';
import { useServed, useWords } from '../../words/catalogue';
import { answered, leftOut, takenBack } from '../queue/bulk';
import { words as bulkWords } from '../queue/bulk-words';
import { Arranging } from './Arranging';
import { Packs } from './packs';
import { dropping, useGiving, useWaiting, WaitingList } from './waiting';
import { words } from './words';
import './workload.css';

type Colleague = Schemas['ColleagueOut'];
type Load = Schemas['LoadOut'];

/** S8: what nobody has first; then each worker with what is in their hands, what they can do, and who stands in. */
export default function Workload(): ReactElement {
  const t = useWords(words);
  const query = useQuery({ queryKey: ['colleagues'], queryFn: () => told(api.GET('/api/v1/colleagues')) });
  const loads = useQuery({ queryKey: ['worklists'], queryFn: () => told(api.GET('/api/v1/desk/worklists')) });
  const [arranged, setArranged] = useState<string | null>(null);
  const workers = query.data ?? [];
  const waiting = useWaiting();
  const giving = useGiving();
  const alerts = waiting.data?.items ?? [];
  const chosen = workers.find((one) => one.id === arranged);
  const counts = [[t.open], [t.overdue], [t.late], [t.today], [t.capacity]] as const;
  const titles = [t.name, t.region, ...counts, t.days, [t.villages] as const, t.leave, t.arrange];
  return (
    <>
      <h1>{t.title}</h1>
      <Unassigned count={waiting.data?.count} />
      <WaitingList waiting={alerts} workers={workers} giving={giving} />
      <ListState query={query} what={t.workers} count={workers.length} nothing={<p>{t.nobody}</p>}>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
        <section className="workload" tabIndex={0} aria-label={t.workers}>
          <table className="plain-table">
            <Heads titles={titles} />
            <tbody>
              {workers.map((one) => (
                <Line
                  key={one.id}
                  one={one}
                  all={workers}
                  load={loads.data?.find((load) => load.worker === one.id)}
                  onArrange={() => setArranged(one.id)}
                  drop={dropping(alerts, (alert) => void giving.give(alert, one))}
                />
              ))}
            </tbody>
          </table>
        </section>
      </ListState>
      {chosen === undefined ? null : (
        <Arranging key={`${chosen.id}${chosen.version}`} one={chosen} all={workers} onEnd={() => setArranged(null)} />
      )}
      <Packs />
    </>
  );
}

type LineProps = {
  one: Colleague;
  all: Colleague[];
  load: Load | undefined;
  onArrange: () => void;
  drop: ReturnType<typeof dropping>;
};

function Line({ one, all, load, onArrange, drop }: LineProps): ReactElement {
  const t = useWords(words);
  const common = useWords(app);
  const cover = all.find((each) => each.id === one.cover)?.name ?? t.noCover;
  const from = one.away_from ?? null;
  const until = one.away_until ?? null;
  const visits = one.visits_a_day ?? 0;
  return (
    <tr {...drop}>
      <th scope="row">{one.name}</th>
      <td>{one.region_name === '' ? common.nation : one.region_name}</td>
      <td className="number">
        <Link to={`/queue?owner=${one.id}`}>{one.open}</Link>
      </td>
      <td className={one.overdue > 0 ? 'number late' : 'number'}>{one.overdue}</td>
      <td className="number">{load?.late ?? '—'}</td>
      <td className="number">{load?.today ?? '—'}</td>
      <td className="number">{visits}</td>
      <td>{t.load(one.open, visits)}</td>
      <td className="number">{one.villages?.length ?? 0}</td>
      <td>{from === null || until === null ? '—' : t.away(from, until, cover)}</td>
      <td>
        <Button size="small" aria-label={t.arranging(one.name)} onClick={onArrange}>
          {t.arrange}
        </Button>
      </td>
    </tr>
  );
}

/** What nobody has, and giving it to whoever cares for its village. */
function Unassigned({ count }: { count: string | undefined }): ReactElement {
  const t = useWords(words);
  const b = useWords(bulkWords);
  const served = useServed();
  const queries = useQueryClient();
  const [answer, setAnswer] = useState<Schemas['Done'] | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const assign = async (): Promise<void> => {
    setBusy(true);
    setFailure(null);
    try {
      const params = { header: { 'Idempotency-Key': newId() } };
      const done = await told(api.POST('/api/v1/alerts/bulk/assign-by-village', { params, body: {} }));
      setAnswer(done);
      if (done.done > 0) offerUndo({ text: t.done(done.done, done.not_done), takeBack: () => back(done.ids) });
      await queries.invalidateQueries();
    } catch (refused) {
      setFailure(refused);
    } finally {
      setBusy(false);
    }
  };
  const back = async (ids: string[]): Promise<string> => {
    const undone = await takenBack(ids);
    setAnswer(null);
    answered.set(leftOut('undone', undone, []));
    return undone.not_done === 0 ? b.undone(undone.done) : b.undoneSome(undone.done, undone.not_done);
  };
  const reasons = Array.from(new Set(answer?.refused.map((one) => served(one.zh, one.en)) ?? []));
  return (
    <section className="unassigned" aria-label={t.unassigned}>
      <p>
        <b>{t.unassignedCount(count ?? '…')}</b> <Link to="/queue?owner=nobody">{t.toQueue}</Link>{' '}
        <Button loading={busy} onClick={assign}>
          {t.byVillage}
        </Button>
      </p>
      <p className="quiet">{t.byVillageHint}</p>
      {answer === null ? null : (
        <div role="status">
          <p>{t.done(answer.done, answer.not_done)}</p>
          <ul>
            {reasons.map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
        </div>
      )}
      {failure === null ? null : <Failure error={failure} />}
    </section>
  );
}
