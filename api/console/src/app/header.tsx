import type { ReactElement } from 'react';
import { lazy, Suspense, useState } from 'react';
import { Link } from 'react-router';
import paths from '../../paths.json';
import { count } from '../field/outbox';
import { useNarrow } from '../parts/narrow';
import { language, speak, useWords } from '../words/catalogue';
import { shared } from '../words/shared';
import { outbox } from './outbox';
import { useSession, useSignOut } from './session';
import { useStored } from './store';
import { words } from './words';

/** The region of who is held to none. */
const NATION = '00';
const SignOutDialog = lazy(() => import('./leaving'));

export function Header(): ReactElement {
  const t = useWords(shared);
  const mine = useWords(words);
  const { name, role, role_zh, region, region_name } = useSession();
  const narrow = useNarrow();
  const chosen = useStored(language);
  const waiting = useStored(outbox).waiting;
  const title = chosen === 'zh' ? role_zh : role;
  return (
    <header className="header">
      <Link to="/home" className="header-name">
        {narrow ? mine.serviceShort : t.service}
      </Link>
      <span className="header-region" title={region}>
        {region === NATION ? mine.nation : region_name}
      </span>
      <span className="header-rest" />
      {waiting === 0 ? null : <span className="badge">{mine.waiting(waiting)}</span>}
      <Link to={paths.account} className="header-person" title={mine.account}>
        {name}
        <span className="header-role"> · {title}</span>
      </Link>
      <button type="button" className="header-button" onClick={() => speak(chosen === 'zh' ? 'en' : 'zh')}>
        {t.other}
      </button>
      <SignOut />
    </header>
  );
}

/** Leaves at once, unless something on this device would be lost by it or the server does not answer. */
function SignOut(): ReactElement {
  const t = useWords(shared);
  const leave = useSignOut();
  const [asked, setAsked] = useState<{ failure: unknown } | null>(null);
  const out = (): void => {
    leave().catch((failure: unknown) => setAsked({ failure }));
  };
  const want = async (): Promise<void> => {
    await count();
    const { waiting, drafts } = outbox.get();
    if (waiting + drafts > 0 || !navigator.onLine) setAsked({ failure: null });
    else out();
  };
  return (
    <>
      <button type="button" className="header-button" onClick={() => void want()}>
        {t.signOut}
      </button>
      <Suspense fallback={null}>
        {asked === null ? null : <SignOutDialog failure={asked.failure} onOk={out} onClose={() => setAsked(null)} />}
      </Suspense>
    </>
  );
}
