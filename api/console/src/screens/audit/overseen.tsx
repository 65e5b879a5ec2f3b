import { useQuery } from '@tanstack/react-query';
import type { FormEvent, ReactElement } from 'react';
import { useState } from 'react';
import { api, type Schemas, told } from '../../contract/client';
import { Button } from '../../parts/Button';
import { Line } from '../../parts/Line';
import { ListState } from '../../parts/ListState';
import { Day, Level, type LevelName } from '../../parts/small';
import { useServed, useWords } from '../../words/catalogue';
import { NOTED } from '../board/asked';
import { Missed } from '../board/sample';
import { words } from './words';

type Answer = Schemas['AnswerOut'];
const WRITTEN = /^[\w-]+$/;

/** What an auditor may know of the work itself; nothing is read, and so nothing noted, before it is opened. */
export function Overseen(): ReactElement {
  const t = useWords(words);
  const [open, setOpen] = useState(false);
  return (
    <section aria-labelledby="overseen">
      <h2 id="overseen">{t.overseen}</h2>
      <p className="quiet">{t.overseenHint}</p>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{t.missed}</summary>
        {open ? <Missed noted /> : null}
      </details>
      <Asking />
    </section>
  );
}

/** A household by its number: which rules were silent about it, how near each was, and what was not known. */
function Asking(): ReactElement {
  const t = useWords(words);
  const [said, setSaid] = useState('');
  const [asked, setAsked] = useState('');
  const ask = (event: FormEvent): void => {
    event.preventDefault();
    setAsked(said.trim());
  };
  return (
    <details>
      <summary>{t.why}</summary>
      <form className="narrowing" onSubmit={ask}>
        <Line label={t.householdNo} value={said} most={64} onText={setSaid} />
        <Button htmlType="submit" disabled={!WRITTEN.test(said.trim())}>
          {t.look}
        </Button>
      </form>
      {asked === '' ? null : <Answers no={asked} />}
    </details>
  );
}

function Answers({ no }: { no: string }): ReactElement {
  const t = useWords(words);
  const query = useQuery({
    queryKey: ['households', no, 'explanation'],
    queryFn: () =>
      told(api.GET('/api/v1/households/{household_no}/explanation', { params: { path: { household_no: no } } })),
    ...NOTED,
  });
  const said = query.data;
  return (
    <ListState query={query} what={t.why} count={said?.answers.length ?? 0} nothing={<p>{t.nothing}</p>}>
      {said === undefined ? null : (
        <>
          <p>
            {said.household_no} · {said.region_name} · <Day day={said.as_of} />
          </p>
          <ul className="plain" aria-label={t.why}>
            {said.answers.map((one) => (
              <Told key={one.rule} one={one} />
            ))}
          </ul>
        </>
      )}
    </ListState>
  );
}

function Told({ one }: { one: Answer }): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const nearest = one.nearest[0];
  const more = one.verdict === 'fires' ? served(one.sentence_zh, one.sentence_en) : '';
  const apart = nearest === undefined ? '' : served(nearest.zh, nearest.en);
  return (
    <li>
      <Level level={one.level as LevelName} /> <b>{served(one.zh, one.en)}</b> · {t[one.verdict]}
      <span className="quiet"> {more === '' ? apart : more}</span>
    </li>
  );
}
