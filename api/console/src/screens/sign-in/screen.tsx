import { useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { Link, Navigate, useLocation, useNavigate } from 'react-router';
import paths from '../../../paths.json';
import { SESSION_KEY, useWho } from '../../app/session';
import { api, told } from '../../contract/client';
import { Button } from '../../parts/Button';
import { Credentials, type Shown } from '../../parts/Credentials';
import { language, speak, useWords } from '../../words/catalogue';
import { shared } from '../../words/shared';
import { words } from './words';

/** Sign in by password and second factor, or by the unit's own provider; then on to where one wanted to be. */
export default function SignIn(): ReactElement {
  const t = useWords(words);
  const common = useWords(shared);
  const { who } = useWho();
  const queries = useQueryClient();
  const go = useNavigate();
  const { state } = useLocation();
  const wanted = (state as { from?: string } | null)?.from ?? '/home';
  const show = async (shown: Shown): Promise<void> => {
    await told(api.POST('/api/v1/session', { body: shown }));
    await queries.invalidateQueries({ queryKey: SESSION_KEY });
    await go(wanted, { replace: true });
  };
  if (who) return <Navigate to={wanted} replace />;
  return (
    <main className="card">
      <h1>{common.service}</h1>
      <Credentials withLogin onShow={show} />
      <p>
        <a href="/api/v1/session/oidc">{t.provider}</a>
      </p>
      <p>
        <Link to={paths.welcome}>{t.invited}</Link>
      </p>
      <p className="quiet">{t.idle}</p>
      <Button type="link" size="small" onClick={() => speak(language.get() === 'zh' ? 'en' : 'zh')}>
        {common.other}
      </Button>
    </main>
  );
}
