import { useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { api, ifMatch, Refusal, type Schemas, told } from '../../contract/client';
import { Button } from '../../parts/Button';
import { Conflict, type Line as Side } from '../../parts/Conflict';
import { DayField } from '../../parts/DayField';
import { Failure } from '../../parts/Failure';
import { newId } from '../../parts/ids';
import { Line } from '../../parts/Line';
import { OneOf } from '../../parts/OneOf';
import { offerUndo } from '../../parts/Undo';
import { useWords } from '../../words/catalogue';
import { shared } from '../../words/shared';
import { Villages } from './villages';
import { words } from './words';

const MOST_VISITS = 50;

type Colleague = Schemas['ColleagueOut'];
type Entered = { villages: string; visits: string; from: string; until: string; cover: string };
type Props = { one: Colleague; all: Colleague[]; onEnd: () => void };

function entered(one: Colleague): Entered {
  return {
    villages: (one.villages ?? []).join(' '),
    visits: String(one.visits_a_day ?? 4),
    from: one.away_from ?? '',
    until: one.away_until ?? '',
    cover: one.cover ?? '',
  };
}

function codes(said: string): string[] {
  return said.split(/\s+/).filter((code) => code !== '');
}

function meant(said: Entered): Schemas['DutyIn'] {
  const empty = (text: string): string | null => (text === '' ? null : text);
  return {
    villages: codes(said.villages),
    visits_a_day: Number(said.visits),
    away_from: empty(said.from),
    away_until: empty(said.until),
    cover: empty(said.cover),
  };
}

/** A worker's villages, visits a day, leave and stand-in; changed meanwhile by another, both are shown. */
export function Arranging({ one, all, onEnd }: Props): ReactElement {
  const t = useWords(words);
  const common = useWords(shared);
  const queries = useQueryClient();
  const [said, setSaid] = useState(() => entered(one));
  const [failure, setFailure] = useState<unknown>(null);
  const [theirs, setTheirs] = useState<Colleague | null>(null);
  const send = async (version: number): Promise<void> => {
    try {
      const params = { path: { worker: one.id }, header: { ...ifMatch(version), 'Idempotency-Key': newId() } };
      await told(api.PUT('/api/v1/colleagues/{worker}/duty', { params, body: meant(said) }));
      offerUndo({ text: t.saved });
      onEnd();
      await queries.invalidateQueries();
    } catch (refused) {
      setFailure(refused);
      if (refused instanceof Refusal && refused.status === 412) {
        const now = await told(api.GET('/api/v1/colleagues'));
        setTheirs(now.find((each) => each.id === one.id) ?? null);
        setFailure(null);
      }
    }
  };
  const change = (part: keyof Entered) => (text: string) => setSaid({ ...said, [part]: text });
  const others = all.filter((each) => each.id !== one.id).map((each) => ({ value: each.id, text: each.name }));
  return (
    <section className="arranging" aria-label={t.arranging(one.name)}>
      <h2>{t.arranging(one.name)}</h2>
      <Villages
        under={one.region}
        chosen={codes(said.villages)}
        onChoose={(villages) => setSaid({ ...said, villages: villages.join(' ') })}
      />
      <Line label={t.visits} type="number" most={MOST_VISITS} value={said.visits} onText={change('visits')} />
      <DayField label={t.from} value={said.from} onDay={change('from')} />
      <DayField label={t.until} value={said.until} onDay={change('until')} />
      <OneOf label={t.cover} value={said.cover} none={t.noCover} options={others} onChoose={change('cover')} />
      <div className="row-of-buttons">
        <Button type="primary" onClick={() => send(one.version)}>
          {common.save}
        </Button>
        <Button onClick={onEnd}>{common.cancel}</Button>
      </div>
      {failure === null ? null : <Failure error={failure} />}
      {theirs === null ? null : (
        <Conflict
          lines={compared(said, entered(theirs), t)}
          onMine={() => send(theirs.version)}
          onTheirs={() => {
            setSaid(entered(theirs));
            setTheirs(null);
          }}
        />
      )}
    </section>
  );
}

type Named = { villages: string; visits: string; from: string; until: string; cover: string };

function compared(mine: Entered, theirs: Entered, t: Named): Side[] {
  const parts = ['villages', 'visits', 'from', 'until', 'cover'] as const;
  return parts.map((part) => ({ what: t[part], mine: mine[part] || '—', theirs: theirs[part] || '—' }));
}
