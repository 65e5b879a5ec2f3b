import type { ReactElement } from 'react';
import { useState } from 'react';
import { Link } from 'react-router';
import paths from '../../../paths.json';
import { useOnline } from '../../app/online';
import { useMay } from '../../app/session';
import { api, told } from '../../contract/client';
import type { Section, Stop } from '../../field/day';
import { Button } from '../../parts/Button';
import { DayField } from '../../parts/DayField';
import { useSaid } from '../../parts/Failure';
import { Level } from '../../parts/small';
import { writtenDay } from '../../parts/written';
import { language, useServed, useWords } from '../../words/catalogue';
import { inDays, mark, unmark } from './useDay';
import { words } from './words';

type Props = { stop: Stop; section: Section; phone: string | null; draft: boolean; queued: boolean };
const LATER_DAYS = 3;

/** One household of the list: who, where, why, until when; call, record, agree a time, or later. */
export function StopLine({ stop, section, phone, draft, queued }: Props): ReactElement {
  const t = useWords(words);
  const served = useServed();
  return (
    <li className="stop">
      <div className="stop-head">
        <Level level={stop.level} /> <strong>{stop.name}</strong> <span className="masked quiet">{stop.id_masked}</span>{' '}
        <DueWord stop={stop} />
        {draft ? <span className="tag">{t.draft}</span> : null}
        {queued ? <span className="tag">{t.queued}</span> : null}
      </div>
      <p>{served(stop.sentence_zh, stop.sentence_en)}</p>
      <div className="row-of-buttons">
        {section === 'done' ? null : (
          <>
            <Link className="record" to={paths.followUp.replace(':id', stop.id)}>
              {t.record}
            </Link>
            <Call stop={stop} phone={phone} />
            <Marks stop={stop} section={section} />
          </>
        )}
      </div>
    </li>
  );
}

function DueWord({ stop }: { stop: Stop }): ReactElement | null {
  const t = useWords(words);
  if (stop.due_on === null) return null;
  if (stop.days_left !== null && stop.days_left < 0) return <span className="late">{t.overdue(-stop.days_left)}</span>;
  return <span className="quiet">{t.due(writtenDay(stop.due_on, language.get()))}</span>;
}

/** One tap to call: by the pack's number, or by one asked of the server for this call, which is written down. */
function Call({ stop, phone }: { stop: Stop; phone: string | null }): ReactElement | null {
  const t = useWords(words);
  const said = useSaid();
  const may = useMay();
  const online = useOnline();
  const [problem, setProblem] = useState('');
  if (phone !== null) {
    return (
      <a className="call" href={`tel:${phone}`}>
        {t.call}
      </a>
    );
  }
  const ask = async (): Promise<void> => {
    try {
      const found = await told(
        api.POST('/api/v1/households/{household_no}/members/{place}/reveal', {
          params: { path: { household_no: stop.household_no, place: 1 } },
          body: { field: 'phone', reason_code: 'CONTACT', why: t.why },
        }),
      );
      window.location.assign(`tel:${found.value}`);
    } catch (failure) {
      setProblem(said(failure));
    }
  };
  if (!may('person.reveal')) return null;
  return (
    <>
      <Button disabled={!online} title={online ? t.call : t.noCall} onClick={() => void ask()}>
        {t.call}
      </Button>
      {problem === '' ? null : (
        <span role="alert" className="refused">
          {problem}
        </span>
      )}
    </>
  );
}

function Marks({ stop, section }: { stop: Stop; section: Section }): ReactElement {
  const t = useWords(words);
  const [asking, setAsking] = useState(false);
  const title = `${stop.name} · ${stop.region_name}`;
  if (section === 'agreed' || section === 'later') {
    return <Button onClick={() => void unmark(stop, title)}>{t.bring}</Button>;
  }
  const say = (why: string, until: string): void => {
    setAsking(false);
    void mark(stop, title, { why, until });
  };
  if (asking) return <AgreeDay onSay={(until) => say('APPOINTED', until)} onCancel={() => setAsking(false)} />;
  return (
    <>
      <Button onClick={() => setAsking(true)}>{t.agree}</Button>
      <Button onClick={() => say('AWAY', inDays(LATER_DAYS))}>{t.putOff}</Button>
    </>
  );
}

function AgreeDay({ onSay, onCancel }: { onSay: (until: string) => void; onCancel: () => void }): ReactElement {
  const t = useWords(words);
  const [day, setDay] = useState(inDays(1));
  return (
    <span className="agree">
      <DayField label={t.until} value={day} min={inDays(1)} onDay={setDay} />
      <Button type="primary" disabled={day < inDays(1)} onClick={() => onSay(day)}>
        {t.save}
      </Button>
      <Button onClick={onCancel}>{t.cancel}</Button>
    </span>
  );
}
