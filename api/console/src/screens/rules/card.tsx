import type { ReactElement } from 'react';
import { Link } from 'react-router';
import paths from '../../../paths.json';
import { Level } from '../../parts/small';
import { writtenCount } from '../../parts/written';
import { useServed, useWords } from '../../words/catalogue';
import { labelled } from '../../words/marks';
import { NOT_YET, type Rule, type Yield } from './asked';
import { words } from './words';

/** Where a rule's own page is. */
export function pathOf(name: string): string {
  return paths.rule.replace(':id', name);
}

/** One rule as a card: what it is called, its sentence, its law, and how it did. */
export function Card({ rule, did, known }: { rule: Rule; did: Yield | undefined; known: boolean }): ReactElement {
  const t = useWords(words);
  const served = useServed();
  return (
    <li className="rule-card">
      <h2>
        <Link to={pathOf(rule.name)}>
          <span className="masked">{rule.code}</span> {served(rule.called.zh, rule.called.en)}
        </Link>
      </h2>
      <p className="rule-marks">
        <Level level={rule.level} /> <span>{t[rule.direction]}</span>{' '}
        <span>{served(rule.factor_called.zh, rule.factor_called.en)}</span>
        {rule.sample ? <strong className="sample"> {t.sample}</strong> : null}
      </p>
      <p>{served(rule.preview.zh, rule.preview.en)}</p>
      <p className="quiet">
        {labelled(t.law)}
        {rule.reference.title} {rule.reference.article}
      </p>
      {known ? <Did did={did ?? NOT_YET} /> : null}
    </li>
  );
}

function Did({ did }: { did: Yield }): ReactElement {
  const t = useWords(words);
  const { fires, confirmed, settled } = did;
  const share = `${Math.round((confirmed / Math.max(settled, 1)) * 100)}%`;
  return (
    <>
      <Asleep did={did} />
      <p className="quiet">
        {fires === null ? t.newRule : t.hits(writtenCount(fires))} ·{' '}
        {settled === 0 ? t.tooFew : t.share(share, writtenCount(settled))}
      </p>
    </>
  );
}

/** A rule that cannot see must not look like one that finds nothing: what it lacks is said in red. */
function Asleep({ did }: { did: Yield }): ReactElement | null {
  const t = useWords(words);
  const served = useServed();
  if (did.lacks.length === 0) return null;
  const feeds = did.lacks.map((one) => served(one.zh, one.en)).join(served('、', ', '));
  return (
    <p>
      <strong className="asleep">{did.fires ? t.partly(feeds) : t.asleep(feeds)}</strong>
    </p>
  );
}
