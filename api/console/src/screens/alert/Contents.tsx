import type { ReactElement } from 'react';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { useKeys } from '../../app/keys';
import { useMay } from '../../app/session';
import { Button } from '../../parts/Button';
import { Conflict, type Line } from '../../parts/Conflict';
import { Failure, useSaid } from '../../parts/Failure';
import { Heard } from '../../parts/Heard';
import { printForms } from '../../parts/printing';
import { offerUndo } from '../../parts/Undo';
import { work } from '../../parts/words-of-work';
import { useWords } from '../../words/catalogue';
import { Pausing } from '../quiets/pausing';
import { type AlertActing, useAlertActing } from './acting';
import type { Alert, Evidence } from './asked';
import { Corrections, CorrectPanel } from './Correcting';
import { EvidenceTable } from './EvidenceTable';
import { Members, Timeline } from './Facts';
import { Head } from './Head';
import { Months } from './Months';
import { HandedHere, HandOverPanel } from './Moving';
import { Notes } from './Notes';
import { useKeptNote } from './notes-kept';
import { AssignPanel, EndPanel, type PanelName, ReferPanel, SnoozePanel, SuspendPanel } from './Panels';
import { Presence } from './Presence';
import { Referred } from './Referred';
import { Reveal } from './Reveal';
import { Reviewing } from './Reviewing';
import { words as stepWords } from './step-words';
import { Visited } from './Visited';
import { Clears, NotSeen, useFeedNames, Why, WITHOUT_ROWS } from './Why';
import { words } from './words';
import './alert.css';

const NO_RULE: readonly string[] = WITHOUT_ROWS;

/** The rules that speak of the household now; what no rule said cannot be paused. */
function standing(alert: Alert): string[] {
  const told = alert.reasons.filter((one) => one.status === 'active' || one.status === 'unknown');
  return told.map((one) => one.rule).filter((rule) => !NO_RULE.includes(rule));
}

/** S2 from top to bottom: who, why, what would clear it, what was not seen, the months, the rows, the people, the story. */
export function Contents({ alert }: { alert: Alert }): ReactElement {
  const may = useMay();
  const [panel, setPanel] = useState<PanelName>(null);
  const [note, setNote] = useKeptNote(alert.id);
  const [wrong, setWrong] = useState<Evidence | null>(null);
  const acting = useAlertActing(alert, () => setPanel(null));
  const noted = useWrongNote();
  const said = (row: Evidence): void => {
    if (may('alert.refer') && alert.closed_at === null) {
      setWrong(row);
      setPanel('correct');
    } else {
      setNote(noted(row));
    }
  };
  return (
    <>
      <div className="alert-body">
        <Presence alert={alert} />
        <Head alert={alert} acting={acting} onReveal={() => setPanel('reveal')} />
        {panel === 'reveal' ? <Reveal alert={alert} onClose={() => setPanel(null)} /> : null}
        <Reviewing alert={alert} />
        <HandedHere alert={alert} />
        <Why alert={alert} />
        <Heard leads={alert.leads} />
        <Clears alert={alert} />
        <Pausing no={alert.household_no} rules={standing(alert)} />
        <NotSeen alert={alert} />
        <Months household={alert.household_no} />
        <EvidenceTable alert={alert} onWrong={said} />
        <Corrections alert={alert} />
        <Members alert={alert} />
        <Referred alert={alert} />
        <Visited alert={alert} />
        <Timeline household={alert.household_no} />
        <Notes alert={alert.id} region={alert.region} text={note} onText={setNote} may={may('alert.work')} />
      </div>
      <Footer alert={alert} acting={acting} panel={panel} wrong={wrong} onPanel={setPanel} />
    </>
  );
}

/** Who may ask nobody to correct a row says in a note what is wrong, for who may. */
function useWrongNote(): (row: Evidence) => string {
  const t = useWords(words);
  const named = useFeedNames();
  return (row) => t.wrongNote(named(row.feed), `${row.delivery}·${row.row}`);
}

type FooterProps = {
  alert: Alert;
  acting: AlertActing;
  panel: PanelName;
  wrong: Evidence | null;
  onPanel: (panel: PanelName) => void;
};

function Footer({ alert, acting, panel, wrong, onPanel }: FooterProps): ReactElement {
  const may = useMay();
  const go = useNavigate();
  const ended = alert.closed_at !== null;
  const visit = (finding?: string) => (): void =>
    void go(`/alerts/${alert.id}/follow-up${finding === undefined ? '' : `?finding=${finding}`}`);
  const works = may('alert.work') && !ended;
  const said = useSaid();
  const print = (): void => {
    printForms([alert.id], 'check').catch((failure: unknown) => offerUndo({ text: said(failure) }));
  };
  useKeys(
    { 1: visit('confirmed'), 2: visit('false_alarm'), 3: visit('unreachable'), h: () => onPanel('snooze') },
    works,
  );
  useKeys({ 4: () => onPanel('refer') }, may('alert.refer') && !ended);
  useKeys({ a: () => onPanel('assign') }, may('alert.assign') && !ended);
  useKeys({ p: print }, may('form.print'));
  const close = (): void => onPanel(null);
  return (
    <footer className="alert-foot">
      <Trouble alert={alert} acting={acting} />
      {panel === 'assign' ? <AssignPanel acting={acting} onClose={close} /> : null}
      {panel === 'snooze' ? <SnoozePanel acting={acting} onClose={close} /> : null}
      {panel === 'suspend' ? <SuspendPanel acting={acting} onClose={close} /> : null}
      {panel === 'reopen' || panel === 'annul' ? (
        <EndPanel key={panel} kind={panel} acting={acting} onClose={close} />
      ) : null}
      {panel === 'handOver' ? <HandOverPanel alert={alert} onClose={close} /> : null}
      {panel === 'refer' ? <ReferPanel acting={acting} onClose={close} /> : null}
      {panel === 'correct' && wrong !== null ? (
        <CorrectPanel key={`${wrong.feed}${wrong.delivery}·${wrong.row}`} row={wrong} acting={acting} onClose={close} />
      ) : null}
      <Buttons alert={alert} acting={acting} works={works} visit={visit()} onPanel={onPanel} onPrint={print} />
    </footer>
  );
}

type ButtonsProps = {
  alert: Alert;
  acting: AlertActing;
  works: boolean;
  visit: () => void;
  onPanel: (panel: PanelName) => void;
  onPrint: () => void;
};

function Buttons({ alert, acting, works, visit, onPanel, onPrint }: ButtonsProps): ReactElement {
  const t = useWords(words);
  const steps = useWords(stepWords);
  const may = useMay();
  const ended = alert.closed_at !== null;
  const opens = (edge: string): boolean => alert.may.includes(edge);
  return (
    <div className="row-of-buttons">
      {works ? (
        <Button type="primary" onClick={visit}>
          {t.followUp}
        </Button>
      ) : null}
      {may('alert.refer') && !ended ? <Button onClick={() => onPanel('refer')}>{t.refer}</Button> : null}
      {may('alert.assign') && !ended ? <Button onClick={() => onPanel('assign')}>{t.assign}</Button> : null}
      {may('alert.assign') && !ended && alert.status !== 'transferred' ? (
        <Button onClick={() => onPanel('handOver')}>{steps.handOver}</Button>
      ) : null}
      {works && opens('snooze') ? <Button onClick={() => onPanel('snooze')}>{t.snooze}</Button> : null}
      {may('alert.assign') && opens('suspend') ? (
        <Button onClick={() => onPanel('suspend')}>{steps.suspend}</Button>
      ) : null}
      {works && opens('resume') ? <Button onClick={() => acting.go({ kind: 'resume' })}>{t.resume}</Button> : null}
      {(['reopen', 'annul'] as const).map((edge) =>
        may('alert.review') && opens(edge) ? (
          <Button key={edge} onClick={() => onPanel(edge)}>
            {steps[edge]}
          </Button>
        ) : null,
      )}
      {may('form.print') ? <Button onClick={onPrint}>{t.print}</Button> : null}
    </div>
  );
}

/** What was refused; and where somebody else was faster, both side by side. */
function Trouble({ alert, acting }: { alert: Alert; acting: AlertActing }): ReactElement | null {
  const t = useWords(words);
  const states = useWords(work);
  const { conflict } = acting;
  if (conflict === null) return acting.failure === null ? null : <Failure error={acting.failure} />;
  const { meant, before } = conflict;
  const line = (what: string, mine: string, theirs: string): Line => ({ what, mine, theirs });
  const lines = [
    line(t.intended, meant, '—'),
    line(t.status, states[before.status], states[alert.status]),
    line(t.owner, before.owner_name ?? t.unassigned, alert.owner_name ?? t.unassigned),
    line(t.due, before.due_on ?? '—', alert.due_on ?? '—'),
  ];
  return <Conflict lines={lines} busy={acting.busy} onMine={acting.again} onTheirs={acting.giveUp} />;
}
