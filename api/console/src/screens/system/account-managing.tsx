import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useEffect, useRef, useState } from 'react';
import paths from '../../../paths.json';
import { useMay } from '../../app/session';
import { api, type Schemas, told } from '../../contract/client';
import { Button } from '../../parts/Button';
import { Failure } from '../../parts/Failure';
import { offerUndo } from '../../parts/Undo';
import { useWords } from '../../words/catalogue';
import { shared } from '../../words/shared';
import { Giving } from './account-giving';
import { Tokens } from './account-tokens';
import { words } from './account-words';

type Account = Schemas['AccountPage']['items'][number];

/** What may be done to one account: kept out, invited anew, given a role, freed of a lost telephone; its tokens. */
export function Managing({ account, onEnd }: { account: Account; onEnd: () => void }): ReactElement {
  const t = useWords(words);
  const common = useWords(shared);
  const may = useMay();
  const person = account.login !== null;
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    box.current?.focus();
  }, []);
  return (
    <section className="managing" aria-label={t.managing(account.name)} ref={box} tabIndex={-1}>
      <h3>{t.managing(account.name)}</h3>
      {may('account.write') ? <LettingIn account={account} /> : null}
      {may('role.grant') ? <Giving account={account} /> : null}
      {may('role.grant') && person ? <Factor account={account} /> : null}
      {may('token.issue') && !person ? <Tokens account={account} /> : null}
      <div className="row-of-buttons">
        <Button onClick={onEnd}>{common.close}</Button>
      </div>
    </section>
  );
}

export function useRefresh(): () => Promise<unknown> {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ queryKey: ['accounts'] });
}

function LettingIn({ account }: { account: Account }): ReactElement {
  const t = useWords(words);
  const refresh = useRefresh();
  const path = { account_id: account.id };
  const invite = useMutation({
    mutationFn: () => told(api.POST('/api/v1/accounts/{account_id}/invitation', { params: { path } })),
  });
  const turn = useMutation({
    mutationFn: (active: boolean) =>
      told(api.PUT('/api/v1/accounts/{account_id}/active', { params: { path }, body: { active } })),
    onSuccess: (after) => offerUndo({ text: after.active ? t.started : t.stopped }),
    onSettled: refresh,
  });
  const failure = invite.error ?? turn.error;
  return (
    <>
      <div className="row-of-buttons">
        <Button danger={account.active} loading={turn.isPending} onClick={() => turn.mutate(!account.active)}>
          {account.active ? t.stop : t.start}
        </Button>
        {account.login === null ? null : (
          <Button loading={invite.isPending} onClick={() => invite.mutate()}>
            {t.invite}
          </Button>
        )}
      </div>
      {failure === null ? null : <Failure error={failure} />}
      {invite.data === undefined ? null : <Invitation text={invite.data.invitation} />}
    </>
  );
}

/** The link by which a password is set, shown this once: what is behind "#" reaches no server's log. */
export function Invitation({ text }: { text: string | null }): ReactElement {
  const t = useWords(words);
  if (text === null) return <p role="status">{t.machine}</p>;
  return <Secret what={t.invited} text={`${location.origin}${paths.welcome}#${text}`} />;
}

export function Secret({ what, text }: { what: string; text: string }): ReactElement {
  const t = useWords(words);
  return (
    <div role="status" className="bar-yellow">
      <p>{what}</p>
      <p className="masked wrapped">{text}</p>
      <p className="quiet">{t.copyHint}</p>
    </div>
  );
}

function Factor({ account }: { account: Account }): ReactElement {
  const t = useWords(words);
  const common = useWords(shared);
  const [asked, setAsked] = useState(false);
  const take = useMutation({
    mutationFn: () =>
      told(api.DELETE('/api/v1/accounts/{account_id}/second-factor', { params: { path: { account_id: account.id } } })),
    onSuccess: () => {
      setAsked(false);
      offerUndo({ text: t.factorDone });
    },
  });
  if (!asked) {
    return (
      <p>
        <Button onClick={() => setAsked(true)}>{t.factor}</Button>
      </p>
    );
  }
  return (
    <>
      <p>{t.factorAsk}</p>
      <div className="row-of-buttons">
        <Button danger loading={take.isPending} onClick={() => take.mutate()}>
          {t.factor}
        </Button>
        <Button onClick={() => setAsked(false)}>{common.cancel}</Button>
      </div>
      {take.error === null ? null : <Failure error={take.error} />}
    </>
  );
}
