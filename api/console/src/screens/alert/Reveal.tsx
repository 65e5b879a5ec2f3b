import type { ReactElement } from 'react';
import { useEffect, useState } from 'react';
import { api, type Schemas, told } from '../../contract/client';
import { Button } from '../../parts/Button';
import { useSaid } from '../../parts/Failure';
import { OneOf } from '../../parts/OneOf';
import { work } from '../../parts/words-of-work';
import { useWords } from '../../words/catalogue';
import { shared } from '../../words/shared';
import type { Alert } from './asked';
import { words } from './words';

type Wanted = Schemas['RevealIn'];
type Shown = Schemas['RevealOut'] & { field: Wanted['field'] };
const FIELDS = ['phone', 'id_no', 'name'] as const;
const PURPOSES = ['CONTACT', 'IDENTITY', 'REFERRAL', 'PAYMENT', 'COMPLAINT', 'INSPECTION'] as const;

/** One field of one member in the clear, for a reason that is written down, for a minute. */
export function Reveal({ alert, onClose }: { alert: Alert; onClose: () => void }): ReactElement {
  const t = useWords(words);
  const common = useWords(shared);
  const states = useWords(work);
  const said = useSaid();
  const [place, setPlace] = useState(1);
  const [wanted, setWanted] = useState<Wanted>({ field: 'phone', reason_code: 'CONTACT', why: '' });
  const [shown, setShown] = useState<Shown | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const ask = async (): Promise<void> => {
    setFailure(null);
    try {
      const params = { path: { household_no: alert.household_no, place } };
      const found = await told(
        api.POST('/api/v1/households/{household_no}/members/{place}/reveal', { params, body: wanted }),
      );
      setShown({ ...found, field: wanted.field });
    } catch (refused) {
      setFailure(refused);
    }
  };
  return (
    <fieldset className="acting" aria-label={t.reveal}>
      <OneOf
        label={t.whom}
        value={String(place)}
        options={alert.members.map((one) => ({ value: String(one.place), text: `${one.place} ${one.name}` }))}
        onChoose={(value) => setPlace(Number(value))}
      />
      <OneOf
        label={t.field}
        value={wanted.field}
        options={FIELDS.map((name) => ({ value: name, text: t[name] }))}
        onChoose={(field) => setWanted({ ...wanted, field: field as Wanted['field'] })}
      />
      <OneOf
        label={t.purpose}
        value={wanted.reason_code}
        options={PURPOSES.map((name) => ({ value: name, text: states[name] }))}
        onChoose={(code) => setWanted({ ...wanted, reason_code: code as Wanted['reason_code'] })}
      />
      <input
        aria-label={t.whyReveal}
        placeholder={t.whyReveal}
        value={wanted.why}
        maxLength={200}
        onChange={(event) => setWanted({ ...wanted, why: event.target.value })}
      />
      <Button type="primary" disabled={wanted.why.trim().length < 4} onClick={ask}>
        {t.show}
      </Button>
      <Button onClick={onClose}>{common.close}</Button>
      {shown === null ? null : <InTheClear key={shown.id} shown={shown} onEnd={() => setShown(null)} />}
      {failure === null ? null : (
        <p className="refused" role="alert">
          {said(failure)}
        </p>
      )}
    </fieldset>
  );
}

function InTheClear({ shown, onEnd }: { shown: Shown; onEnd: () => void }): ReactElement {
  const t = useWords(words);
  const left = (): number => Math.ceil((Date.parse(shown.until) - Date.now()) / 1000);
  const [seconds, setSeconds] = useState(() => Math.min(60, Math.max(1, left())));
  useEffect(() => {
    const timer = setInterval(() => setSeconds((now) => now - 1), 1000);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => {
    if (seconds <= 0) onEnd();
  }, [seconds, onEnd]);
  return (
    <p role="status">
      <b className="masked">{shown.value}</b>{' '}
      {shown.field === 'phone' ? <a href={`tel:${shown.value}`}>{t.call}</a> : null}{' '}
      <span className="quiet">
        {t.shownUntil(seconds)} · {t.leftToday(shown.left_today)}
      </span>
    </p>
  );
}
