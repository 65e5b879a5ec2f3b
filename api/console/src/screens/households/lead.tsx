import type { ReactElement, SubmitEvent } from 'react';
import { useId, useState } from 'react';
import { Link } from 'react-router';
import paths from '../../../paths.json';
import { useSession } from '../../app/session';
import { api, type Schemas, told } from '../../contract/client';
import { Button } from '../../parts/Button';
import { One } from '../../parts/Chips';
import { DayField } from '../../parts/DayField';
import { useSaid } from '../../parts/Failure';
import { newId } from '../../parts/ids';
import { cityToday } from '../../parts/written';
import { useWords } from '../../words/catalogue';
import { labelled } from '../../words/marks';
import { useBelow } from './regions';
import { words } from './words';

type How = Schemas['LeadIn']['how'];
type Entered = {
  id: string;
  how: How;
  heardOn: string;
  name: string;
  idNo: string;
  phone: string;
  region: string;
  said: string;
};
const LEAST = 4;
const NATION = '00';

function blank(): Entered {
  return { id: newId(), how: 'visit', heardOn: cityToday(), name: '', idNo: '', phone: '', region: '', said: '' };
}

/** 手动登记困难线索: somebody in difficulty who is in no list; it becomes an alert to be visited. */
export function Lead({ onClose }: { onClose: () => void }): ReactElement {
  const t = useWords(words);
  const said = useSaid();
  const [entered, setEntered] = useState<Entered>(blank);
  const [problem, setProblem] = useState('');
  const [made, setMade] = useState<Schemas['LeadOut']>();
  const change = (part: Partial<Entered>): void => setEntered({ ...entered, ...part });
  const send = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (entered.name === '' || entered.region === '' || entered.said.trim().length < LEAST) {
      setProblem(t.lacking);
      return;
    }
    try {
      setMade(await told(api.POST('/api/v1/leads', { body: bodyOf(entered) })));
    } catch (failure) {
      setProblem(said(failure));
    }
  };
  if (made !== undefined) return <Made made={made} />;
  return (
    <form onSubmit={send} className="lead" aria-label={t.lead}>
      <h2>{t.lead}</h2>
      <p className="quiet">{t.leadHint}</p>
      <Hows entered={entered} onChange={change} />
      <Optional label={`${t.name} *`} value={entered.name} onText={(name) => change({ name })} />
      <Optional label={t.idNo} value={entered.idNo} onText={(idNo) => change({ idNo })} />
      <Optional label={t.phone} value={entered.phone} onText={(phone) => change({ phone })} />
      <Village chosen={entered.region} onChoose={(region) => change({ region })} />
      <Said text={entered.said} onText={(text) => change({ said: text })} />
      {problem === '' ? null : (
        <p role="alert" className="refused">
          {problem}
        </p>
      )}
      <div className="row-of-buttons">
        <Button type="primary" htmlType="submit">
          {t.submit}
        </Button>
        <Button onClick={onClose}>{t.cancel}</Button>
      </div>
    </form>
  );
}

function bodyOf(entered: Entered): Schemas['LeadIn'] {
  return {
    id: entered.id,
    how: entered.how,
    heard_on: entered.heardOn,
    said: entered.said.trim(),
    region: entered.region,
    name: entered.name.trim(),
    id_no: entered.idNo.trim() === '' ? null : entered.idNo.trim(),
    phone: entered.phone.trim() === '' ? null : entered.phone.trim(),
  };
}

function Made({ made }: { made: Schemas['LeadOut'] }): ReactElement {
  const t = useWords(words);
  return (
    <section role="status" className="lead">
      <p>{made.new_alert ? t.made : t.added}</p>
      <p>
        <Link to={paths.followUp.replace(':id', made.alert_id)}>{t.toAlert}</Link>{' '}
        <Link to={paths.household.replace(':no', made.household_no)}>{t.one}</Link>
      </p>
    </section>
  );
}

type PartProps = { entered: Entered; onChange: (part: Partial<Entered>) => void };

function Hows({ entered, onChange }: PartProps): ReactElement {
  const t = useWords(words);
  const choices: { value: How; label: string }[] = [
    { value: 'visit', label: t.visit },
    { value: 'neighbour', label: t.neighbourHow },
    { value: 'grid', label: t.grid },
    { value: 'hotline', label: t.hotline },
    { value: 'self', label: t.self },
    { value: 'other', label: t.otherHow },
  ];
  return (
    <>
      <One
        legend={t.how}
        name="how"
        required
        choices={choices}
        chosen={entered.how}
        onChoose={(how) => onChange({ how: how as How })}
      />
      <DayField
        label={t.heardOn}
        value={entered.heardOn}
        max={cityToday()}
        onDay={(heardOn) => onChange({ heardOn })}
      />
    </>
  );
}

type TextProps = { label: string; value: string; onText: (text: string) => void };

function Optional({ label, value, onText }: TextProps): ReactElement {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        type="text"
        className="text-in"
        id={id}
        value={value}
        autoComplete="off"
        maxLength={60}
        onChange={(event) => onText(event.target.value)}
      />
    </div>
  );
}

function Said({ text, onText }: { text: string; onText: (text: string) => void }): ReactElement {
  const t = useWords(words);
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{t.said}</label>
      <textarea
        className="text-in"
        id={id}
        rows={3}
        maxLength={1000}
        value={text}
        onChange={(event) => onText(event.target.value)}
      />
    </div>
  );
}

/** Down the tree of regions, one list a level, as far as it goes. */
function Village({ chosen, onChoose }: { chosen: string; onChoose: (code: string) => void }): ReactElement {
  const t = useWords(words);
  const { region } = useSession();
  const own = region === NATION ? null : region;
  const [trail, setTrail] = useState<string[]>([]);
  const pick = (level: number, code: string): void => {
    const next = [...trail.slice(0, level), ...(code === '' ? [] : [code])];
    setTrail(next);
    const last = next.at(-1) ?? '';
    onChoose(last.length >= 9 ? last : '');
  };
  return (
    <fieldset className="chips" data-chosen={chosen}>
      <legend>{t.village} *</legend>
      {[own, ...trail].map((under, level) => (
        <Below
          key={under ?? 'all'}
          first={level === 0}
          under={under}
          chosen={trail[level] ?? ''}
          onPick={(code) => pick(level, code)}
        />
      ))}
    </fieldset>
  );
}

type BelowProps = { first: boolean; under: string | null; chosen: string; onPick: (code: string) => void };

function Below({ first, under, chosen, onPick }: BelowProps): ReactElement | null {
  const t = useWords(words);
  const { data } = useBelow(under);
  if (data === undefined) return null;
  const places = data.below.length > 0 || under === null ? data.below : [data.here];
  if (places.length === 0 || (data.below.length === 0 && !first)) return null;
  return (
    <select
      aria-label={labelled(t.village) + data.here.name}
      value={chosen}
      onChange={(event) => onPick(event.target.value)}
    >
      <option value="">{t.choose}</option>
      {places.map((one) => (
        <option key={one.code} value={one.code}>
          {one.name}
        </option>
      ))}
    </select>
  );
}
