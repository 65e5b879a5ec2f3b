import { useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { api, told } from '../contract/client';
import type { Demand } from '../contract/demand';
import { Credentials, type Shown } from '../parts/Credentials';
import { Dialog } from '../parts/Dialog';
import { useWords } from '../words/catalogue';
import { SESSION_KEY, useSession } from './session';
import { words } from './words';

/** Sign in again, or prove again who one is; then the request that waits goes on. */
export default function Asking({ wanted }: { wanted: Demand }): ReactElement {
  const t = useWords(words);
  const { name } = useSession();
  const queries = useQueryClient();
  const proof = wanted.kind === 'proof';
  const show = async (shown: Shown): Promise<void> => {
    if (proof) {
      await told(api.POST('/api/v1/session/proof', { body: { password: shown.password, code: shown.code } }));
    } else {
      await told(api.POST('/api/v1/session', { body: shown }));
      const who = await told(api.GET('/api/v1/session'));
      if (who.name !== name) {
        location.reload();
        return;
      }
      queries.setQueryData(SESSION_KEY, who);
    }
    wanted.done(true);
  };
  return (
    <Dialog title={proof ? t.proof : t.again} onClose={() => wanted.done(false)}>
      <p>{proof ? t.proofHint : t.againHint}</p>
      <Credentials withLogin={!proof} onShow={show} />
    </Dialog>
  );
}
