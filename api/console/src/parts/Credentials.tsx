import type { ReactElement, SubmitEvent } from 'react';
import { useId, useState } from 'react';
import { Refusal } from '../contract/client';
import { catalogue, useWords } from '../words/catalogue';
import { Button } from './Button';
import { useSaid } from './Failure';

export type Shown = { login: string; password: string; code: string | null };
type Props = { withLogin: boolean; onShow: (shown: Shown) => Promise<void> };

const words = catalogue(
  {
    login: '登录名',
    password: '密码',
    code: '动态码或恢复码',
    codeHint: '请打开身份验证器，输入六位动态码。',
    signIn: '登录',
    prove: '验证',
    wait: (seconds: number) => `请在 ${Math.ceil(seconds / 60)} 分钟后再试。忘记密码请联系系统管理员重新邀请。`,
  },
  {
    login: 'Login',
    password: 'Password',
    code: 'Code or recovery code',
    codeHint: 'Open your authenticator and enter the six digits.',
    signIn: 'Sign in',
    prove: 'Prove',
    wait: (seconds: number) =>
      `Try again in ${Math.ceil(seconds / 60)} minutes. If you forgot it, ask the administrator for an invitation.`,
  },
);

/** Login, password and, once the server asks for it, the code of the second factor. */
export function Credentials({ withLogin, onShow }: Props): ReactElement {
  const t = useWords(words);
  const [shown, setShown] = useState<Shown>({ login: '', password: '', code: null });
  const [failure, setFailure] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const send = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    try {
      await onShow(shown);
    } catch (refused) {
      const codeNeeded = refused instanceof Refusal && refused.kind === 'code-needed';
      if (codeNeeded && shown.code === null) setShown({ ...shown, code: '' });
      setFailure(codeNeeded && shown.code === null ? null : refused);
    } finally {
      setBusy(false);
    }
  };
  const change = (part: keyof Shown) => (text: string) => setShown({ ...shown, [part]: text });
  return (
    <form onSubmit={send} className="credentials">
      {withLogin ? (
        <Field label={t.login} value={shown.login} onText={change('login')} name="username" focused />
      ) : null}
      <Field label={t.password} value={shown.password} onText={change('password')} name="current-password" secret />
      {shown.code === null ? null : (
        <Field
          label={t.code}
          value={shown.code}
          onText={change('code')}
          name="one-time-code"
          hint={t.codeHint}
          focused
        />
      )}
      {failure === null ? null : <Refused failure={failure} />}
      <Button type="primary" htmlType="submit" loading={busy} block>
        {withLogin ? t.signIn : t.prove}
      </Button>
    </form>
  );
}

function Refused({ failure }: { failure: unknown }): ReactElement {
  const t = useWords(words);
  const said = useSaid();
  const wait = failure instanceof Refusal ? failure.retryAfter : null;
  return (
    <div role="alert" className="refused">
      <p>{said(failure)}</p>
      {wait === null ? null : <p>{t.wait(wait)}</p>}
    </div>
  );
}

type FieldProps = {
  label: string;
  value: string;
  onText: (text: string) => void;
  name: string;
  secret?: boolean;
  focused?: boolean;
  hint?: string;
};

/** A labelled line of text that browsers may fill in by its name. */
export function Field({ label, value, onText, name, secret = false, focused = false, hint }: FieldProps): ReactElement {
  const id = useId();
  const common = {
    id,
    value,
    autoComplete: name,
    autoFocus: focused,
    required: true,
    onChange: (event: { target: { value: string } }) => onText(event.target.value),
  };
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input type={secret ? 'password' : 'text'} {...common} />
      {hint === undefined ? null : <p className="quiet">{hint}</p>}
    </div>
  );
}
