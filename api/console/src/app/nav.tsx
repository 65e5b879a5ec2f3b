import type { ReactElement } from 'react';
import { NavLink } from 'react-router';
import { navWords, screens } from '../routes';
import { useWords } from '../words/catalogue';
import { useAwaited } from './awaited';
import { useMay } from './session';
import { words } from './words';

/** The menu, as far as the person's role goes. */
export function Nav(): ReactElement {
  const t = useWords(words);
  const named = useWords(navWords);
  const may = useMay();
  const awaited = useAwaited();
  return (
    <nav className="nav" aria-label={t.nav}>
      {screens.map((one) =>
        one.nav === undefined || (one.may !== undefined && !may(one.may)) ? null : (
          <NavLink key={one.path} to={one.path}>
            {named[one.nav]}
            {one.nav === 'notices' && awaited > 0 ? <span className="badge">{awaited}</span> : null}
          </NavLink>
        ),
      )}
    </nav>
  );
}
