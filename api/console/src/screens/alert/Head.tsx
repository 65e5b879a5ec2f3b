import type { ReactElement } from 'react';
import { Link } from 'react-router';
import paths from '../../../paths.json';
import { useMay, useSession } from '../../app/session';
import { Button } from '../../parts/Button';
import { Level } from '../../parts/small';
import { work } from '../../parts/words-of-work';
import { useWords } from '../../words/catalogue';
import { labelled } from '../../words/marks';
import { words as queue } from '../queue/words';
import type { AlertActing } from './acting';
import type { Alert } from './asked';
import { words } from './words';

type Props = { alert: Alert; acting: AlertActing; onReveal: () => void };

/** Who it is about, where, whose it is and how urgent. */
export function Head({ alert, acting, onReveal }: Props): ReactElement {
  const t = useWords(words);
  const states = useWords(work);
  const urgent = useWords(queue);
  const may = useMay();
  const { name } = useSession();
  const left = alert.days_left;
  const due = left === null ? '' : left < 0 ? urgent.lateBy(-left) : left === 0 ? urgent.dueToday : urgent.left(left);
  const ended = alert.closed_at !== null;
  return (
    <div className="alert-head">
      <p>
        <Level level={alert.level} /> <b>{alert.name}</b> <span className="masked">{alert.household_no}</span> ·{' '}
        {t.people(alert.members.length)}
      </p>
      <p>{alert.region_name}</p>
      <p>
        {states[alert.status]}
        {due === '' ? null : <span className={left !== null && left < 0 ? 'late' : ''}> · {due}</span>} ·{' '}
        {t.openedOn(alert.opened_on, alert.episode)}
      </p>
      <InCase alert={alert} />
      <p>
        {labelled(t.owner)}
        {alert.owner_name ?? t.unassigned}{' '}
        {may('alert.work') && !ended && alert.owner === null ? (
          <Button size="small" loading={acting.busy} onClick={() => acting.go({ kind: 'claim' })}>
            {t.claim}
          </Button>
        ) : null}
        {may('alert.work') && !ended && alert.owner_name === name ? (
          <Button size="small" loading={acting.busy} onClick={() => acting.go({ kind: 'release' })}>
            {t.release}
          </Button>
        ) : null}{' '}
        {may('person.reveal') ? (
          <Button size="small" onClick={onReveal}>
            {t.call} · {t.reveal}
          </Button>
        ) : null}
      </p>
    </div>
  );
}

/** The household is being helped: where. */
function InCase({ alert }: { alert: Alert }): ReactElement | null {
  const t = useWords(words);
  const may = useMay();
  if (alert.case_id === null || !may('case.read')) return null;
  return (
    <p>
      <Link to={paths.case.replace(':id', alert.case_id)}>{t.toCase}</Link>
    </p>
  );
}
