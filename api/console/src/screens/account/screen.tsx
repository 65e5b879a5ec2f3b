import type { ReactElement } from 'react';
import { useSession } from '../../app/session';
import { useWords } from '../../words/catalogue';
import { words } from './words';

/** One's own account: who one is, what must be done first. */
export default function Account(): ReactElement {
  const t = useWords(words);
  const { name, role_zh, region } = useSession();
  return (
    <>
      <h1>{t.title}</h1>
      <p>
        {name} · {role_zh} · {region}
      </p>
    </>
  );
}
