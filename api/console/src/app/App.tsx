import { legacyLogicalPropertiesTransformer, StyleProvider } from '@ant-design/cssinjs';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { ConfigProvider } from 'antd';
import enUS from 'antd/locale/en_US';
import zhCN from 'antd/locale/zh_CN';
import type { ReactElement } from 'react';
import { Suspense } from 'react';
import { BrowserRouter, Navigate, Route, Routes } from 'react-router';
import paths from '../../paths.json';
import { Refusal } from '../contract/client';
import { sweep } from '../field/sweep';
import { PageOnItsWay } from '../parts/ListState';
import { useNarrow } from '../parts/narrow';
import { beginAt } from '../routes';
import { language } from '../words/catalogue';
import { lasting } from './lasting';
import { asksWho, SignedIn } from './session';
import { Shell } from './shell';
import { useStored } from './store';
import { themeOf } from './theme';

const SignIn = lasting(() => import('../screens/sign-in/screen'));
const Welcome = lasting(() => import('../screens/welcome/screen'));

const queries = new QueryClient({
  defaultOptions: {
    queries: { staleTime: 30_000, retry: (tries, error) => !(error instanceof Refusal) && tries < 1 },
    mutations: { networkMode: 'always' },
  },
});

const PATIENCE_MS = 1500;

/**
 * What there must be before anything is drawn. What must not lie on this device goes first, whether or not anybody is
 * signed in; who is signed in, and the screen they want, are waited for as long as the page's own words may stand.
 */
export async function begun(): Promise<void> {
  const swept = sweep().catch(() => undefined);
  const known = Promise.all([queries.prefetchQuery(asksWho), beginAt(location.pathname)]);
  await Promise.race([known, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
  await swept;
}

const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? '';
const csp = { nonce };
const transformers = [legacyLogicalPropertiesTransformer];
// Its own icon of waiting is called "loading", and can outlast the wait: a button keeps its name.
const plainButtons = { autoInsertSpace: false, loadingIcon: <span className="turning" aria-hidden="true" /> };

export function App(): ReactElement {
  const chosen = useStored(language);
  const narrow = useNarrow();
  return (
    <StyleProvider hashPriority="high" transformers={transformers}>
      <ConfigProvider
        csp={csp}
        locale={chosen === 'zh' ? zhCN : enUS}
        theme={themeOf(narrow)}
        button={plainButtons}
        wave={{ disabled: true }}
      >
        <QueryClientProvider client={queries}>
          <BrowserRouter>
            <Suspense fallback={<PageOnItsWay />}>
              <Pages />
            </Suspense>
          </BrowserRouter>
        </QueryClientProvider>
      </ConfigProvider>
    </StyleProvider>
  );
}

function Pages(): ReactElement {
  return (
    <Routes>
      <Route path={paths.signIn} element={<SignIn />} />
      <Route path={paths.welcome} element={<Welcome />} />
      <Route path="/" element={<Navigate to={paths.queue} replace />} />
      <Route
        path="*"
        element={
          <SignedIn>
            <Shell />
          </SignedIn>
        }
      />
    </Routes>
  );
}
