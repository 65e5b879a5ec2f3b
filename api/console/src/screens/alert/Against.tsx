import type { ReactElement } from 'react';
import { useWords } from '../../words/catalogue';
import type { Reason } from './asked';
import { units, words } from './measure-words';

/** From so much apart on, how many times it is says more than by how much. */
const TIMES = 1.1;

/** The value as it is now, against its limit and against what it was before. */
export function Against({ one }: { one: Reason }): ReactElement | null {
  const t = useWords(words);
  const called = useWords(units);
  if (one.observed === null) return null;
  const unit = called[one.unit ?? ''] ?? '';
  const digits = digitsFor([one.observed, one.limit, one.before], one.unit);
  const written = (value: number): string => `${figure(value, digits)}${unit}`;
  const sample = one.parameters.some((each) => each.status === 'sample');
  return (
    <p className="against">
      {t.now} <b>{written(one.observed)}</b>
      {one.limit === null ? null : (
        <>
          {' '}
          · {t.limit} <b>{written(one.limit)}</b> · {apart(one.observed, one.limit, written, t)}
        </>
      )}
      {one.before === null || one.before_on === null ? null : (
        <>
          {' '}
          · {t.lastTime} <b>{written(one.before)}</b>
          <span className="quiet">{t.lastTimeOn(one.before_on)}</span>
        </>
      )}
      {sample ? <span className="tag"> {t.sample}</span> : null}
    </p>
  );
}

type Told = Pick<typeof words.zh, 'same' | 'over' | 'under' | 'times' | 'share'>;

/** How far a value is from its limit: in times where it is far, else by how much, which never rounds to nothing. */
export function apart(value: number, limit: number, written: (by: number) => string, t: Told): string {
  const times = limit > 0 ? value / limit : Number.NaN;
  if (value === limit) return t.same;
  if (times >= TIMES) return t.times(times.toFixed(1));
  if (times >= 0 && times <= 1 / TIMES) return t.share(`${(times * 100).toFixed(0)}%`);
  return value > limit ? t.over(written(value - limit)) : t.under(written(limit - value));
}

/** Whole yuan, unless two figures that are apart would then be written alike. */
function digitsFor(all: (number | null)[], unit: string | null): number {
  if (!unit?.startsWith('yuan')) return 2;
  const there = all.filter((one) => one !== null);
  return there.some((one) => there.some((other) => one !== other && Math.abs(one - other) < 1)) ? 2 : 0;
}

function figure(value: number, digits: number): string {
  return value.toLocaleString('zh-CN', { maximumFractionDigits: digits });
}
