import type { ReactElement } from 'react';
import { Link } from 'react-router';
import paths from '../../../paths.json';
import { useMay } from '../../app/session';
import { Button } from '../../parts/Button';
import { Failure } from '../../parts/Failure';
import { ListState } from '../../parts/ListState';
import { Day } from '../../parts/small';
import { useStepping } from '../../parts/stepping';
import { useWords } from '../../words/catalogue';
import { labelled } from '../../words/marks';
import { type Note, useCalls, useDigests, useSeeing } from './asked';
import { Told } from './told';
import './notices.css';
import { words } from './words';

/** What has come for me: notes by which a colleague calls me, and the deadlines that were told. */
export default function Notices(): ReactElement {
  const t = useWords(words);
  const may = useMay();
  const box = useStepping<HTMLDivElement>();
  return (
    <div className="notices" ref={box}>
      <h1>{t.title}</h1>
      {may('alert.read') ? <Calls /> : null}
      <Deadlines />
    </div>
  );
}

function Calls(): ReactElement {
  const t = useWords(words);
  const query = useCalls();
  const notes = query.data ?? [];
  return (
    <section aria-labelledby="called">
      <h2 id="called">{t.called}</h2>
      <ListState query={query} what={t.called} count={notes.length} nothing={<p>{t.calledNothing}</p>}>
        <ul>
          {notes.map((one) => (
            <Call key={one.id} one={one} />
          ))}
        </ul>
      </ListState>
    </section>
  );
}

function Call({ one }: { one: Note }): ReactElement {
  const t = useWords(words);
  const seeing = useSeeing(one.id);
  return (
    <li className="notices-call">
      <span>
        <Day day={one.on} /> {labelled(one.by)}
        {one.text}
      </span>
      <Link to={paths.alert.replace(':id', one.alert)} data-line>
        {t.toAlert}
      </Link>
      <Button size="small" loading={seeing.isPending} onClick={() => seeing.mutate()}>
        {t.seen}
      </Button>
      {seeing.error === null ? null : <Failure error={seeing.error} />}
    </li>
  );
}

function Deadlines(): ReactElement {
  const t = useWords(words);
  const ours = useMay()('alert.read');
  const query = useDigests();
  const digests = query.data ?? [];
  return (
    <section aria-labelledby="told">
      <h2 id="told">{t.told}</h2>
      <p className="quiet">{ours ? t.toldHint : t.askedHint}</p>
      <ListState
        query={query}
        what={t.told}
        count={digests.length}
        nothing={<p>{ours ? t.toldNothing : t.askedNothing}</p>}
      >
        {digests.map((one) => (
          <Told key={one.id} one={one} />
        ))}
      </ListState>
    </section>
  );
}
