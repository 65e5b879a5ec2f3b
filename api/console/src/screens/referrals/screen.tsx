import type { ReactElement } from 'react';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { leftBox, useKeys } from '../../app/keys';
import { useMay } from '../../app/session';
import { ListState } from '../../parts/ListState';
import { OneOf } from '../../parts/OneOf';
import { useStepping } from '../../parts/stepping';
import { cityToday } from '../../parts/written';
import { useWords } from '../../words/catalogue';
import { shared } from '../../words/shared';
import { MOST_LISTED, type Referral, useReferrals } from './asked';
import { Line } from './line';
import './referrals.css';
import { words } from './words';

const SHOWN = ['overdue', 'sent', 'accepted', 'data'] as const;
type Shown = (typeof SHOWN)[number] | '';

/** What was referred and waits: a department sees its own and answers it; the overdue come first. */
export default function Referrals(): ReactElement {
  const t = useWords(words);
  const may = useMay();
  const query = useReferrals();
  const [shown, setShown] = useState<Shown>('');
  const opening = useOpening();
  const all = query.data ?? [];
  const kept = all.filter((one) => wanted(one, shown));
  const box = useStepping<HTMLDivElement>();
  return (
    <div className="referrals" ref={box}>
      <h1>{t.title}</h1>
      <p className="quiet">{may('alert.read') ? t.hintOffice : t.hintDepartment}</p>
      <Choosing shown={shown} onShow={setShown} />
      <ListState
        query={query}
        what={t.list}
        count={kept.length}
        narrowed={shown !== ''}
        onClear={() => setShown('')}
        nothing={<p>{t.nothing}</p>}
      >
        <Parts kept={kept} opening={opening} />
        {all.length < MOST_LISTED ? null : <p role="status">{t.most(MOST_LISTED)}</p>}
      </ListState>
    </div>
  );
}

function wanted(one: Referral, shown: Shown): boolean {
  if (shown === 'overdue') return isLate(one);
  if (shown === 'data') return one.feed !== null;
  return shown === '' || one.status === shown;
}

function isLate(one: Referral): boolean {
  return one.due_on < cityToday();
}

function Choosing({ shown, onShow }: { shown: Shown; onShow: (shown: Shown) => void }): ReactElement {
  const t = useWords(words);
  const common = useWords(shared);
  const named = { overdue: t.onlyOverdue, sent: t.onlySent, accepted: t.onlyAccepted, data: t.onlyData };
  return (
    <p>
      <OneOf
        label={t.show}
        value={shown}
        none={common.all}
        options={SHOWN.map((one) => ({ value: one, text: named[one] }))}
        onChoose={(value) => onShow(value as Shown)}
      />
    </p>
  );
}

type Opening = { id: string | null; toggle: (id: string) => void };

/** Which one is open stands in the address, by its opaque id; Escape closes it. */
function useOpening(): Opening {
  const [params, setParams] = useSearchParams();
  const id = params.get('referral');
  const show = (next: string | null): void => setParams(next === null ? {} : { referral: next }, { replace: true });
  const shut = (): void => {
    document.querySelector<HTMLElement>('.referral-line[aria-expanded="true"]')?.focus();
    show(null);
  };
  useKeys({ Escape: (event) => leftBox(event) || shut() }, id !== null);
  return { id, toggle: (one) => show(one === id ? null : one) };
}

function Parts({ kept, opening }: { kept: Referral[]; opening: Opening }): ReactElement {
  const t = useWords(words);
  const parts = [
    { title: t.overdue, lines: kept.filter(isLate) },
    { title: t.inTime, lines: kept.filter((one) => !isLate(one)) },
  ];
  return (
    <>
      {parts.map(({ title, lines }) =>
        lines.length === 0 ? null : (
          <section key={title(lines.length)} aria-label={title(lines.length)}>
            <h2>{title(lines.length)}</h2>
            <ul className="referral-list">
              {lines.map((one) => (
                <Line key={one.id} one={one} open={opening.id === one.id} onToggle={() => opening.toggle(one.id)} />
              ))}
            </ul>
          </section>
        ),
      )}
    </>
  );
}
