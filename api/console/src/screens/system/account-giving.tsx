import { useMutation, useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { api, ifMatch, Refusal, type Schemas, told } from '../../contract/client';
import { Button } from '../../parts/Button';
import { Failure } from '../../parts/Failure';
import { Line } from '../../parts/Line';
import { OneOf } from '../../parts/OneOf';
import { offerUndo } from '../../parts/Undo';
import { useServed, useWords } from '../../words/catalogue';
import { useRefresh } from './account-managing';
import { words } from './account-words';
import { Sought } from './regions';

type Account = Schemas['AccountPage']['items'][number];
const MACHINE = 'service';
const CLERK = 'department';
const LEAST_WHY = 2;

/** A role and where it holds, given by the security administrator within five minutes of a proof. */
export function Giving({ account }: { account: Account }): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const refresh = useRefresh();
  const roles = useQuery({ queryKey: ['roles'], queryFn: () => told(api.GET('/api/v1/roles')) });
  const [said, setSaid] = useState({
    role: account.role === 'none' ? '' : account.role,
    region: account.region,
    why: '',
    department: account.department ?? '',
  });
  const give = useMutation({
    mutationFn: () => {
      const params = { path: { account_id: account.id }, header: ifMatch(account.version) };
      const body = { ...said, department: said.role === CLERK ? said.department.trim() : null };
      return told(api.PUT('/api/v1/accounts/{account_id}/role', { params, body }));
    },
    onSuccess: () => offerUndo({ text: t.given }),
    onSettled: refresh,
  });
  const fitting = (roles.data ?? []).filter((one) => (one.role === MACHINE) === (account.login === null));
  const ready =
    said.role !== '' &&
    said.region !== '' &&
    said.why.trim().length >= LEAST_WHY &&
    (said.role !== CLERK || said.department.trim() !== '');
  const stale = give.error instanceof Refusal && give.error.status === 412;
  return (
    <fieldset className="acting" aria-label={t.give}>
      <OneOf
        label={t.role}
        value={said.role}
        none={t.chooseRole}
        options={fitting.map((one) => ({ value: one.role, text: served(one.zh, one.en) }))}
        onChoose={(role) => setSaid({ ...said, role })}
      />
      <Line label={t.region} value={said.region} onText={(region) => setSaid({ ...said, region })} />
      {said.role === CLERK ? (
        <Line label={t.department} value={said.department} onText={(department) => setSaid({ ...said, department })} />
      ) : null}
      <Line label={t.why} value={said.why} onText={(why) => setSaid({ ...said, why })} />
      <Button type="primary" disabled={!ready} loading={give.isPending} onClick={() => give.mutate()}>
        {t.give}
      </Button>
      {give.error === null ? null : <Failure error={give.error} />}
      {stale ? <p role="status">{t.conflict}</p> : null}
      <details>
        <summary>{t.regionHint}</summary>
        <Sought onChoose={(region) => setSaid({ ...said, region })} />
      </details>
    </fieldset>
  );
}
