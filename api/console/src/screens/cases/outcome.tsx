import type { ReactElement } from 'react';
import { writtenMoney } from '../../parts/written';
import { useServed, useWords } from '../../words/catalogue';
import { shared } from '../../words/shared';
import type { Case } from './asked';
import { GUARANTEES } from './proposing';
import { words } from './words';

const CHECKS = ['income_above_line', 'guarantees_firm', 'first_risk_gone', 'no_new_risk', 'consistent'] as const;

/** What was proposed, and how each check of the standard came out. */
export function Outcome({ one }: { one: Case }): ReactElement | null {
  const t = useWords(words);
  const served = useServed();
  const common = useWords(shared);
  const { removal } = one;
  if (removal === null) return null;
  const line = removal.line_yuan === null ? '—' : writtenMoney(removal.line_yuan);
  return (
    <section aria-labelledby="removal">
      <h2 id="removal">{t.removal}</h2>
      <p>
        {t.proposedHow(t[removal.way])} · {t.incomeSaid(writtenMoney(removal.income_yuan), line)}
      </p>
      <ul className="case-needs">
        {CHECKS.map((name) => (
          <li key={name}>
            <span className={removal.checks[name] ? 'case-has' : 'case-lacks'}>
              {removal.checks[name] ? t.holds : t.fails}
            </span>{' '}
            {t[name]}
          </li>
        ))}
      </ul>
      {removal.contradictions.map((each) => (
        <p key={each.code}>{served(each.zh, each.en)}</p>
      ))}
      <p className="quiet">
        {GUARANTEES.map((name) => `${t[name]} ${removal.guarantees[name] === true ? common.yes : common.no}`).join(
          ' · ',
        )}
      </p>
    </section>
  );
}
