import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { DragEvent, ReactElement } from 'react';
import { useState } from 'react';
import { api, ifMatch, type Schemas, told } from '../../contract/client';
import { Failure } from '../../parts/Failure';
import { newId } from '../../parts/ids';
import { OneOf } from '../../parts/OneOf';
import { Level } from '../../parts/small';
import { offerUndo } from '../../parts/Undo';
import { writtenDay } from '../../parts/written';
import { language, useServed, useWords } from '../../words/catalogue';
import { aside } from '../../words/marks';
import { words } from './pack-words';

type Brief = Schemas['AlertBrief'];
type Colleague = Schemas['ColleagueOut'];
const SHOWN = 12;
const DRAGGED = 'application/x-lowincome-alert';
export const WAITING_KEY = ['alerts', 'unassigned'] as const;

/** What nobody has, the most urgent first. */
export function useWaiting() {
  return useQuery({
    queryKey: WAITING_KEY,
    queryFn: () => told(api.GET('/api/v1/alerts', { params: { query: { owner: 'nobody', limit: SHOWN } } })),
  });
}

export type Giving = { failure: unknown; give: (alert: Brief, to: Colleague) => Promise<void> };

/** Give one alert to one worker, as it was seen; it can be taken back for half a minute. */
export function useGiving(): Giving {
  const t = useWords(words);
  const queries = useQueryClient();
  const [failure, setFailure] = useState<unknown>(null);
  const give = async (alert: Brief, to: Colleague): Promise<void> => {
    setFailure(null);
    try {
      const params = (version: number) => ({
        path: { alert_id: alert.id },
        header: { ...ifMatch(version), 'Idempotency-Key': newId() },
      });
      const after = await told(
        api.POST('/api/v1/alerts/{alert_id}/assign', { params: params(alert.version), body: { to: to.id } }),
      );
      const takeBack = () => told(api.POST('/api/v1/alerts/{alert_id}/undo', { params: params(after.version) }));
      offerUndo({ text: t.given(alert.name, to.name), takeBack });
    } catch (refused) {
      setFailure(refused);
    }
    await queries.invalidateQueries();
  };
  return { failure, give };
}

/** What a row of a worker needs so that an alert can be dropped on it. */
export function dropping(waiting: readonly Brief[], onDrop: (alert: Brief) => void) {
  return {
    onDragOver: (event: DragEvent) => {
      if (event.dataTransfer.types.includes(DRAGGED)) event.preventDefault();
    },
    onDrop: (event: DragEvent) => {
      const found = waiting.find((one) => one.id === event.dataTransfer.getData(DRAGGED));
      if (found === undefined) return;
      event.preventDefault();
      onDrop(found);
    },
  };
}

type Props = { waiting: readonly Brief[]; workers: Colleague[]; giving: Giving };

/** Alerts without an owner, to be dragged onto a worker or given by a choice, which every keyboard can make. */
export function WaitingList({ waiting, workers, giving }: Props): ReactElement | null {
  const t = useWords(words);
  if (waiting.length === 0) return null;
  return (
    <details className="waiting">
      <summary>{t.waiting}</summary>
      <p className="quiet">{t.waitingHint}</p>
      {giving.failure === null ? null : <Failure error={giving.failure} />}
      <ul className="bare" aria-label={t.waiting}>
        {waiting.map((one) => (
          <WaitingOne key={one.id} one={one} workers={workers} giving={giving} />
        ))}
      </ul>
    </details>
  );
}

type OneProps = Omit<Props, 'waiting'> & { one: Brief };

function WaitingOne({ one, workers, giving }: OneProps): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const choose = (id: string): void => {
    const to = workers.find((each) => each.id === id);
    if (to !== undefined) void giving.give(one, to);
  };
  return (
    <li draggable onDragStart={(event) => event.dataTransfer.setData(DRAGGED, one.id)}>
      <Level level={one.level} /> <b>{one.name}</b> <span className="masked">{one.household_no}</span> {one.region_name}{' '}
      <span className="quiet">
        {served(one.sentence_zh, one.sentence_en)}
        {one.due_on === null ? '' : ` · ${t.due(writtenDay(one.due_on, language.get()))}`}
      </span>{' '}
      <OneOf
        label={t.give(one.name)}
        value=""
        none={t.choose}
        options={workers.map((each) => ({ value: each.id, text: each.name + aside(each.open) }))}
        onChoose={choose}
      />
    </li>
  );
}
