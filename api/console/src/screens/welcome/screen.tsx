import type { ReactElement, SubmitEvent } from 'react';
import { useState } from 'react';
import { Link, useLocation } from 'react-router';
import paths from '../../../paths.json';
import { api, told } from '../../contract/client';
import { Button } from '../../parts/Button';
import { Field } from '../../parts/Credentials';
import { useSaid } from '../../parts/Failure';
import { useWords } from '../../words/catalogue';
import { words } from './words';

type Entered = { invitation: string; login: string; password: string; again: string };

/** Use up an invitation: set a password, then sign in. The link carries it behind "#", which no server sees. */
export default function Welcome(): ReactElement {
  const t = useWords(words);
  const { hash } = useLocation();
  const [done, setDone] = useState(false);
  return (
    <main className="card">
      <h1>{t.title}</h1>
      {done ? (
        <>
          <p role="status">{t.done}</p>
          <p>
            <Link to={paths.signIn}>{t.signIn}</Link>
          </p>
        </>
      ) : (
        <Setting invitation={decodeURIComponent(hash.slice(1))} onDone={() => setDone(true)} />
      )}
    </main>
  );
}

function Setting({ invitation, onDone }: { invitation: string; onDone: () => void }): ReactElement {
  const t = useWords(words);
  const said = useSaid();
  const [entered, setEntered] = useState<Entered>({ invitation, login: '', password: '', again: '' });
  const [first, setFirst] = useState(false);
  const [problem, setProblem] = useState('');
  const change = (part: keyof Entered) => (text: string) => setEntered({ ...entered, [part]: text });
  const send = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (entered.password !== entered.again) {
      setProblem(t.differ);
      return;
    }
    try {
      const { invitation: text, password, login } = entered;
      await told(
        api.POST('/api/v1/invitations', { body: { invitation: text, password, login: first ? login : null } }),
      );
      onDone();
    } catch (refused) {
      setProblem(said(refused));
    }
  };
  return (
    <form onSubmit={send}>
      <p className="quiet">{t.hint}</p>
      <Field label={t.invitation} value={entered.invitation} onText={change('invitation')} name="off" />
      <label>
        <input type="checkbox" checked={first} onChange={(event) => setFirst(event.target.checked)} /> {t.first}
      </label>
      {first ? <Field label={t.login} value={entered.login} onText={change('login')} name="username" /> : null}
      <Field label={t.password} value={entered.password} onText={change('password')} name="new-password" secret />
      <Field label={t.again} value={entered.again} onText={change('again')} name="new-password" secret />
      {problem === '' ? null : (
        <p role="alert" className="refused">
          {problem}
        </p>
      )}
      <Button type="primary" htmlType="submit" block>
        {t.set}
      </Button>
    </form>
  );
}
