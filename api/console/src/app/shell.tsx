import type { ReactElement } from 'react';
import { Suspense } from 'react';
import { Navigate, Route, Routes, useLocation, useNavigate } from 'react-router';
import paths from '../../paths.json';
import { useField } from '../field/start';
import { PageOnItsWay } from '../parts/ListState';
import { UndoToast } from '../parts/Undo';
import { home, type Screen, screens } from '../routes';
import { useWords } from '../words/catalogue';
import { shared } from '../words/shared';
import { Boundary } from './boundary';
import { Gate } from './gate';
import { Header } from './header';
import { KeyList } from './keylist';
import { useKeys } from './keys';
import { Nav } from './nav';
import { OfflineBar } from './offline';
import { useMay, useSession } from './session';
import { Watermark } from './watermark';

/** What surrounds every screen. */
export function Shell(): ReactElement {
  const t = useWords(shared);
  const { pathname } = useLocation();
  const { actions } = useSession();
  const go = useNavigate();
  useField();
  useKeys({ 'g q': () => go(paths.queue) });
  return (
    <div className="shell">
      <a className="skip" href="#content">
        {t.skip}
      </a>
      <Header />
      <OfflineBar />
      <Nav />
      <main id="content" tabIndex={-1}>
        <Boundary at={pathname}>
          <Suspense fallback={<PageOnItsWay />}>
            <Routes>
              {screens.map((one) => (
                <Route key={one.path} path={one.path} element={<Shown screen={one} />} />
              ))}
              <Route path="/home" element={<Navigate to={home(actions)} replace />} />
              <Route path="*" element={<Nowhere />} />
            </Routes>
          </Suspense>
        </Boundary>
      </main>
      <UndoToast />
      <KeyList />
      <Gate />
    </div>
  );
}

function Shown({ screen }: { screen: Screen }): ReactElement {
  const may = useMay();
  if (screen.may !== undefined && !may(screen.may)) return <NotYours />;
  return (
    <>
      <screen.page />
      {screen.personal === true ? <Watermark /> : null}
    </>
  );
}

function NotYours(): ReactElement {
  const t = useWords(shared);
  const { actions } = useSession();
  const { pathname } = useLocation();
  const start = home(actions);
  if (pathname === paths.queue && start !== paths.queue) return <Navigate to={start} replace />;
  return (
    <section className="list-nothing">
      <h1>{t.notYours}</h1>
      <p>{t.notYoursHint}</p>
    </section>
  );
}

function Nowhere(): ReactElement {
  const t = useWords(shared);
  return (
    <section className="list-nothing">
      <h1>{t.notFound}</h1>
      <p>{t.notFoundHint}</p>
    </section>
  );
}
