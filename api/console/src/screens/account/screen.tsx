import { useQueryClient } from '@tanstack/react-query';
import type { ReactElement, SubmitEvent } from 'react';
import { useState } from 'react';
import { SESSION_KEY, useMay, useSession } from '../../app/session';
import { words as app } from '../../app/words';
import { api, type Schemas, told } from '../../contract/client';
import { Button } from '../../parts/Button';
import { Field } from '../../parts/Credentials';
import { useSaid } from '../../parts/Failure';
import { useServed, useWords } from '../../words/catalogue';
import { comma, labelled } from '../../words/marks';
import { words } from './words';

/** One's own account: who one is, what must be done first, another password, the second factor. */
export default function Account(): ReactElement {
  const t = useWords(words);
  const common = useWords(app);
  const may = useMay();
  const { name, role, role_zh, region_name, unfinished, how } = useSession();
  const served = useServed();
  return (
    <div className="alert-page">
      <h1>{t.title}</h1>
      <p>
        {name} · {served(role_zh, role)} · {region_name === '' ? common.nation : region_name}
      </p>
      {unfinished.length === 0 ? null : (
        <p className="refused" role="alert">
          {t.unfinished} {unfinished.map((one) => (one === 'password' ? t.mustPassword : t.mustFactor)).join(comma())}
        </p>
      )}
      {how === 'password' ? <Password /> : null}
      <Factor />
      {may('visit.pack') ? <Lost /> : null}
    </div>
  );
}

function Password(): ReactElement {
  const t = useWords(words);
  const said = useSaid();
  const [first, setFirst] = useState('');
  const [again, setAgain] = useState('');
  const [problem, setProblem] = useState('');
  const send = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (first !== again) {
      setProblem(t.differ);
      return;
    }
    try {
      await told(api.PUT('/api/v1/session/password', { body: { password: first } }));
      location.assign('/sign-in');
    } catch (refused) {
      setProblem(said(refused));
    }
  };
  return (
    <form onSubmit={send} aria-labelledby="password">
      <h2 id="password">{t.password}</h2>
      <p className="quiet">{t.passwordHint}</p>
      <Field label={t.newPassword} value={first} onText={setFirst} name="new-password" secret />
      <Field label={t.again} value={again} onText={setAgain} name="new-password" secret />
      <Problem text={problem} />
      <Button htmlType="submit">{t.change}</Button>
    </form>
  );
}

function Problem({ text }: { text: string }): ReactElement | null {
  return text === '' ? null : (
    <p className="refused" role="alert">
      {text}
    </p>
  );
}

function Factor(): ReactElement {
  const t = useWords(words);
  const said = useSaid();
  const queries = useQueryClient();
  const [proposed, setProposed] = useState<Schemas['SecondFactorOut'] | null>(null);
  const [codes, setCodes] = useState<string[]>([]);
  const [code, setCode] = useState('');
  const [problem, setProblem] = useState('');
  const ask = (): void => {
    told(api.POST('/api/v1/session/second-factor')).then(setProposed, (refused: unknown) => setProblem(said(refused)));
  };
  const bind = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    try {
      const kept = await told(api.PUT('/api/v1/session/second-factor', { body: { code } }));
      setCodes(kept.codes);
      setProposed(null);
      setProblem('');
      await queries.invalidateQueries({ queryKey: SESSION_KEY });
    } catch (refused) {
      setProblem(said(refused));
    }
  };
  return (
    <form onSubmit={bind} aria-labelledby="factor">
      <h2 id="factor">{t.factor}</h2>
      {codes.length > 0 ? (
        <>
          <p role="status">{t.bound}</p>
          <p>{t.codes}</p>
          <p className="masked wrapped">{codes.join(' ')}</p>
        </>
      ) : null}
      {proposed === null ? (
        <Button onClick={ask}>{t.ask}</Button>
      ) : (
        <>
          <p className="quiet">{t.factorHint}</p>
          <p>
            {labelled(t.address)}
            <span className="masked wrapped">{proposed.address}</span>
          </p>
          <Field label={t.code} value={code} onText={setCode} name="one-time-code" />
          <Button type="primary" htmlType="submit">
            {t.bind}
          </Button>
        </>
      )}
      <Problem text={problem} />
    </form>
  );
}

/** Whose telephone is lost: the pack on it ends, and is wiped when it next has a signal. */
function Lost(): ReactElement {
  const t = useWords(words);
  const said = useSaid();
  const [done, setDone] = useState(false);
  const [problem, setProblem] = useState('');
  const end = (): void => {
    told(api.DELETE('/api/v1/packs/mine')).then(
      () => setDone(true),
      (refused: unknown) => setProblem(said(refused)),
    );
  };
  return (
    <section aria-labelledby="lost">
      <h2 id="lost">{t.lost}</h2>
      <p className="quiet">{t.lostHint}</p>
      {done ? <p role="status">{t.lostDone}</p> : <Button onClick={end}>{t.lostEnd}</Button>}
      <Problem text={problem} />
    </section>
  );
}
