import type { ReactElement } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import paths from '../../../paths.json';
import { useKeys } from '../../app/keys';
import { ListState } from '../../parts/ListState';
import { Day, Level } from '../../parts/small';
import { useServed, useWords } from '../../words/catalogue';
import { useRule, type Whole } from './asked';
import { Reads } from './reads';
import './rules.css';
import { labelled } from '../../words/marks';
import { Values } from './values';
import { words } from './words';

/** One rule with everything behind it, to be read. */
export default function OneRule(): ReactElement {
  const t = useWords(words);
  const { id = '' } = useParams();
  const go = useNavigate();
  const query = useRule(id);
  useKeys({ Escape: () => go(paths.rules) });
  return (
    <>
      <p>
        <Link to={paths.rules}>← {t.back}</Link>
      </p>
      <ListState query={query} what={t.rule} count={query.data === undefined ? 0 : 1} nothing={null}>
        {query.data === undefined ? null : <Told rule={query.data} />}
      </ListState>
    </>
  );
}

function Told({ rule }: { rule: Whole }): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const law = rule.reference;
  return (
    <article>
      <h1>
        <span className="masked">{rule.code}</span> {served(rule.called.zh, rule.called.en)}
      </h1>
      <p className="rule-marks">
        <Level level={rule.level} /> <span>{t[rule.direction]}</span>{' '}
        <span>{served(rule.factor_called.zh, rule.factor_called.en)}</span>
        {rule.sample ? <strong className="sample"> {t.sample}</strong> : null}
      </p>
      <h2>{t.preview}</h2>
      <blockquote className="rule-preview">{served(rule.preview.zh, rule.preview.en)}</blockquote>
      <h2>{t.condition}</h2>
      <p>{served(rule.condition.zh, rule.condition.en)}</p>
      {rule.limit === null ? null : (
        <p>
          {labelled(t.limit)}
          {served(rule.limit.zh, rule.limit.en)}
        </p>
      )}
      <p>{t.cooldown(rule.cooldown_days)}</p>
      <p>{t.quiet(rule.quiet_days, `${Math.round(rule.quiet_worse * 100)}%`)}</p>
      <h2>{t.law}</h2>
      <p>
        {law.title} {law.article}
      </p>
      {law.quote === '' ? null : <blockquote>{law.quote}</blockquote>}
      {law.says === '' ? null : <p className="quiet">{law.says}</p>}
      <Examples rule={rule} />
      <Values parameters={rule.parameters} />
      <Reads rule={rule} />
      <p className="quiet">
        {t.version} <span className="masked">{rule.version}</span>
      </p>
    </article>
  );
}

function Examples({ rule }: { rule: Whole }): ReactElement {
  const t = useWords(words);
  const served = useServed();
  return (
    <>
      <h2>{t.examples}</h2>
      <ul className="rule-examples">
        {rule.examples.map((one, at) => (
          <li key={String(at)} className={`verdict-${one.verdict}`}>
            <strong>{t[one.verdict]}</strong>
            {one.on === null ? null : (
              <span className="quiet">
                {' '}
                <Day day={one.on} />
              </span>
            )}
            <p>
              {labelled(t.household)}
              {one.given
                .map((fact) => `${served(fact.called.zh, fact.called.en)} ${served(fact.value.zh, fact.value.en)}`)
                .join(served('；', '; '))}
            </p>
            {one.sentence === null ? null : <p className="quiet">“{served(one.sentence.zh, one.sentence.en)}”</p>}
          </li>
        ))}
      </ul>
    </>
  );
}
