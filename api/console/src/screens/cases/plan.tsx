import type { ReactElement } from 'react';
import { useState } from 'react';
import { useMay } from '../../app/session';
import { useStored } from '../../app/store';
import { api, told } from '../../contract/client';
import { Button } from '../../parts/Button';
import { Heads } from '../../parts/Heads';
import { cityToday, writtenDay, writtenMoney } from '../../parts/written';
import { language, useWords } from '../../words/catalogue';
import { shared } from '../../words/shared';
import { useCodeNames } from '../alert/Visited';
import { type CaseActing, useCaseActing } from './acting';
import type { Case, Measure } from './asked';
import { Planning } from './planning';
import { Trouble } from './trouble';
import { words } from './words';

/** The measures: who, by when, and what became of each. */
export function Plan({ one }: { one: Case }): ReactElement {
  const t = useWords(words);
  const may = useMay();
  const acting = useCaseActing(one);
  const [adding, setAdding] = useState(false);
  const works = may('case.work') && one.may.includes('plan');
  return (
    <section aria-labelledby="plan">
      <h2 id="plan">{t.plan}</h2>
      {one.measures.length === 0 ? <p className="quiet">{t.noMeasures}</p> : null}
      {one.measures.length === 0 ? null : <Measures one={one} works={works} acting={acting} />}
      {!works || adding ? null : (
        <div className="row-of-buttons">
          <Button onClick={() => setAdding(true)}>{t.addMeasure}</Button>
        </div>
      )}
      {works && adding ? <Planning one={one} acting={acting} onClose={() => setAdding(false)} /> : null}
      <Trouble one={one} acting={acting} />
    </section>
  );
}

type DoingProps = { works: boolean; acting: CaseActing };

function Measures({ one, works, acting }: DoingProps & { one: Case }): ReactElement {
  const t = useWords(words);
  return (
    <table className="plain-table case-plan">
      <Heads titles={[t.measure, t.responsible, t.due, [t.sum], t.state]} />
      <tbody>
        {one.measures.map((each) => (
          <Row key={each.id} measure={each} works={works} acting={acting} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ measure, works, acting }: DoingProps & { measure: Measure }): ReactElement {
  const t = useWords(words);
  const named = useCodeNames();
  const chosen = useStored(language);
  const late = measure.status === 'planned' && measure.due_on !== null && measure.due_on < cityToday();
  const said =
    measure.status === 'done' && measure.done_on !== null
      ? t.doneOn(writtenDay(measure.done_on, chosen))
      : t[measure.status];
  return (
    <tr>
      <th scope="row">
        {named(measure.code)}
        {measure.note === null ? null : <span className="quiet case-note">{measure.note}</span>}
      </th>
      <td data-label={t.responsible}>{measure.responsible}</td>
      <td data-label={t.due}>{measure.due_on === null ? '—' : writtenDay(measure.due_on, chosen)}</td>
      <td data-label={t.sum} className="number">
        {measure.amount_yuan === null ? '—' : writtenMoney(measure.amount_yuan)}
      </td>
      <td data-label={t.state}>
        {said} {late ? <span className="late">{t.late}</span> : null}
        {works && measure.status === 'planned' ? <Ending measure={measure} acting={acting} /> : null}
      </td>
    </tr>
  );
}

type EndingProps = { measure: Measure; acting: CaseActing };

type End = 'done' | 'dropped';

/** A measure is done, or will not be; either is asked once more, because it stays so. */
function Ending({ measure, acting }: EndingProps): ReactElement {
  const t = useWords(words);
  const common = useWords(shared);
  const named = useCodeNames();
  const [asked, setAsked] = useState<End | null>(null);
  const verbs = { done: t.endDone, dropped: t.endDropped };
  const end = (status: End): void =>
    void acting.go({
      meant: `${verbs[status]} ${named(measure.code)}`,
      done: status === 'done' ? t.measureDone : t.measureDropped,
      said: [measure.id, status],
      send: ({ path, header }) => {
        const params = { path: { ...path, measure_id: measure.id }, header };
        return told(api.POST('/api/v1/cases/{case_id}/measures/{measure_id}/end', { params, body: { status } }));
      },
    });
  if (asked === null) {
    return (
      <span className="case-ends">
        {(['done', 'dropped'] as const).map((status) => (
          <Button key={status} size="small" onClick={() => setAsked(status)}>
            {verbs[status]}
          </Button>
        ))}
      </span>
    );
  }
  return (
    <fieldset className="acting" aria-label={verbs[asked]}>
      <p>{t[`sure_${asked}`]}</p>
      <Button type="primary" loading={acting.busy} onClick={() => end(asked)}>
        {verbs[asked]}
      </Button>
      <Button onClick={() => setAsked(null)}>{common.cancel}</Button>
    </fieldset>
  );
}
