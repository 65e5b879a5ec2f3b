import type { ReactElement } from 'react';
import { useState } from 'react';
import { catalogue, useWords } from '../words/catalogue';
import { DayField } from './DayField';
import { OneOf } from './OneOf';
import { work } from './words-of-work';
import { cityToday } from './written';

export type Reason = 'APPOINTED' | 'AWAY' | 'WAIT_DATA' | 'WAIT_PAPERS' | 'WEATHER' | 'OTHER';
export const REASONS: readonly Reason[] = ['APPOINTED', 'AWAY', 'WAIT_DATA', 'WAIT_PAPERS', 'WEATHER', 'OTHER'];
export type Pause = { until: string; why: Reason };

/** The longest that an alert may be put off or suspended. */
export const MOST_DAYS = 180;
const words = catalogue({ until: '稍后处理至', why: '原因' }, { until: 'Put off until', why: 'Reason' });

/** Return the day so many days from today in the city. */
export function inDays(days: number): string {
  const at = new Date(`${cityToday()}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + days);
  return at.toISOString().slice(0, 10);
}

/** The pause that is proposed first: a week, because a day is agreed. */
export function usePause(): [Pause, (next: Pause) => void] {
  return useState<Pause>(() => ({ until: inDays(7), why: 'APPOINTED' }));
}

/** Until when, within half a year, and why. */
export function PauseFields({ pause, onChange }: { pause: Pause; onChange: (next: Pause) => void }): ReactElement {
  const t = useWords(words);
  const states = useWords(work);
  return (
    <>
      <DayField
        label={t.until}
        value={pause.until}
        min={inDays(1)}
        max={inDays(MOST_DAYS)}
        onDay={(until) => onChange({ ...pause, until })}
      />
      <OneOf
        label={t.why}
        value={pause.why}
        options={REASONS.map((name) => ({ value: name, text: states[name] }))}
        onChoose={(why) => onChange({ ...pause, why: why as Reason })}
      />
    </>
  );
}
