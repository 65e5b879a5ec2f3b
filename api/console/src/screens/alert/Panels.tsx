import type { ReactElement, ReactNode } from 'react';
import { useId, useState } from 'react';
import { Button } from '../../parts/Button';
import { DayField } from '../../parts/DayField';
import { OneOf } from '../../parts/OneOf';
import { inDays, MOST_DAYS, PauseFields, usePause } from '../../parts/putting-off';
import { cityToday } from '../../parts/written';
import { useWords } from '../../words/catalogue';
import { aside } from '../../words/marks';
import { shared } from '../../words/shared';
import { useColleagues } from '../queue/asked';
import type { AlertActing } from './acting';
import { Department } from './Department';
import { referrals } from './referral-words';
import { words as stepWords } from './step-words';
import { useCodeNames } from './Visited';
import { words } from './words';

export type PanelName =
  | 'assign'
  | 'snooze'
  | 'suspend'
  | 'reopen'
  | 'annul'
  | 'refer'
  | 'reveal'
  | 'handOver'
  | 'correct'
  | null;
const AWAITED = ['AWAIT_COMPARISON', 'AWAIT_REPORT', 'AWAIT_NOTICE'] as const;
const USUAL_DAYS = 30;
const REOPENED = ['NEW_EVIDENCE', 'ENDED_AMISS', 'COMPLAINT', 'INSPECTION'] as const;
const ANNULLED = ['DUP', 'ERR_ID', 'ERR_AMT', 'ERR_STALE', 'ERR_WITHDRAWN'];
type Props = { acting: AlertActing; onClose: () => void };
type BoxProps = Props & { title: string; ready: boolean; onGo: () => void; children: ReactNode };

function Box({ title, ready, acting, onGo, onClose, children }: BoxProps): ReactElement {
  const common = useWords(shared);
  return (
    <fieldset className="acting" aria-label={title}>
      {children}
      <Button type="primary" loading={acting.busy} disabled={!ready} onClick={onGo}>
        {title}
      </Button>
      <Button onClick={onClose}>{common.cancel}</Button>
    </fieldset>
  );
}

export function AssignPanel({ acting, onClose }: Props): ReactElement {
  const t = useWords(words);
  const { data } = useColleagues();
  const [to, setTo] = useState('');
  const name = data?.find((one) => one.id === to)?.name ?? '';
  const options = (data ?? []).map((one) => ({ value: one.id, text: one.name + aside(one.open) }));
  const go = (): void => void acting.go({ kind: 'assign', to, name });
  return (
    <Box title={t.assign} ready={to !== ''} acting={acting} onGo={go} onClose={onClose}>
      <OneOf label={t.to} value={to} none={t.chooseOwner} options={options} onChoose={setTo} />
    </Box>
  );
}

export function SnoozePanel({ acting, onClose }: Props): ReactElement {
  const t = useWords(words);
  const [pause, setPause] = usePause();
  const go = (): void => void acting.go({ kind: 'snooze', pause });
  return (
    <Box title={t.snooze} ready={pause.until !== ''} acting={acting} onGo={go} onClose={onClose}>
      <PauseFields pause={pause} onChange={setPause} />
    </Box>
  );
}

/** What is waited for, and until when at the longest; what has come meanwhile brings it back by hand. */
export function SuspendPanel({ acting, onClose }: Props): ReactElement {
  const t = useWords(stepWords);
  const [why, setWhy] = useState<(typeof AWAITED)[number] | ''>('');
  const [until, setUntil] = useState(inDays(USUAL_DAYS));
  const go = (): void => void (why !== '' && acting.go({ kind: 'suspend', wait: { why, until } }));
  return (
    <Box title={t.suspend} ready={why !== '' && until !== ''} acting={acting} onGo={go} onClose={onClose}>
      <p className="quiet">{t.suspendHint}</p>
      <OneOf
        label={t.awaited}
        value={why}
        none={t.chooseAwaited}
        options={AWAITED.map((code) => ({ value: code, text: t[code] }))}
        onChoose={(code) => setWhy(code as typeof why)}
      />
      <DayField label={t.suspendUntil} value={until} min={inDays(1)} max={inDays(MOST_DAYS)} onDay={setUntil} />
    </Box>
  );
}

/** The county's own acts on an end: opened again, or annulled because what it rested on was wrong. */
export function EndPanel({ kind, acting, onClose }: Props & { kind: 'reopen' | 'annul' }): ReactElement {
  const t = useWords(stepWords);
  const named = useCodeNames();
  const [why, setWhy] = useState('');
  const reasons =
    kind === 'reopen'
      ? REOPENED.map((code) => ({ value: code, text: t[code] }))
      : ANNULLED.map((code) => ({ value: code, text: named(code) }));
  const go = (): void => void acting.go({ kind, why });
  return (
    <Box title={t[kind]} ready={why !== ''} acting={acting} onGo={go} onClose={onClose}>
      <p className="quiet">{kind === 'reopen' ? t.reopenHint : t.annulHint}</p>
      <OneOf label={t.why} value={why} none={t.chooseWhy} options={reasons} onChoose={setWhy} />
    </Box>
  );
}

export function ReferPanel({ acting, onClose }: Props): ReactElement {
  const t = useWords(words);
  const codes = useWords(referrals);
  const id = useId();
  const [said, setSaid] = useState({ code: 'RF_MED', department: '', due_on: '', note: '' });
  const ready = said.department.trim() !== '' && said.due_on > cityToday();
  const go = (): void =>
    void acting.go({ kind: 'refer', referral: { ...said, note: said.note.trim() === '' ? null : said.note } });
  return (
    <Box title={t.refer} ready={ready} acting={acting} onGo={go} onClose={onClose}>
      <OneOf
        label={t.referCode}
        value={said.code}
        options={Object.entries(codes).map(([value, text]) => ({ value, text }))}
        onChoose={(code) => setSaid({ ...said, code })}
      />
      <Department
        label={t.department}
        value={said.department}
        onDepartment={(department) => setSaid({ ...said, department })}
      />
      <DayField label={t.referDue} value={said.due_on} onDay={(due_on) => setSaid({ ...said, due_on })} />
      <span className="choice">
        <label htmlFor={`${id}n`}>{t.referNote}</label>
        <input
          id={`${id}n`}
          maxLength={2000}
          value={said.note}
          onChange={(event) => setSaid({ ...said, note: event.target.value })}
        />
      </span>
    </Box>
  );
}
