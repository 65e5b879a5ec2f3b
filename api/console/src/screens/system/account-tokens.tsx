import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { api, type Schemas, told } from '../../contract/client';
import { Button } from '../../parts/Button';
import { Failure } from '../../parts/Failure';
import { Line } from '../../parts/Line';
import { ListState } from '../../parts/ListState';
import { writtenInstant } from '../../parts/written';
import { useWords } from '../../words/catalogue';
import { Secret } from './account-managing';
import { words } from './account-words';

type Account = Schemas['AccountPage']['items'][number];
type Token = Schemas['TokenOut'];
const DAYS = '90';

/** The tokens of a machine: issued for named actions and a time, shown once, ended at once. */
export function Tokens({ account }: { account: Account }): ReactElement {
  const t = useWords(words);
  const path = { account_id: account.id };
  const query = useQuery({
    queryKey: ['accounts', account.id, 'tokens'],
    queryFn: () => told(api.GET('/api/v1/accounts/{account_id}/tokens', { params: { path } })),
  });
  const found = query.data ?? [];
  return (
    <section aria-label={t.tokens}>
      <h3>{t.tokens}</h3>
      <Issuing account={account} />
      <ListState query={query} what={t.tokens} count={found.length} nothing={<p>{t.noTokens}</p>}>
        <ul className="bare">
          {found.map((one) => (
            <TokenLine key={one.id} one={one} />
          ))}
        </ul>
      </ListState>
    </section>
  );
}

function Issuing({ account }: { account: Account }): ReactElement {
  const t = useWords(words);
  const queries = useQueryClient();
  const [said, setSaid] = useState({ scopes: 'feed.read', days: DAYS, note: '' });
  const scopes = said.scopes.split(/\s+/).filter((one) => one !== '');
  const issue = useMutation({
    mutationFn: () =>
      told(
        api.POST('/api/v1/accounts/{account_id}/tokens', {
          params: { path: { account_id: account.id } },
          body: { scopes, days: Number(said.days), note: said.note },
        }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['accounts', account.id, 'tokens'] }),
  });
  return (
    <fieldset className="acting" aria-label={t.issue}>
      <Line label={t.scopes} value={said.scopes} onText={(text) => setSaid({ ...said, scopes: text })} />
      <Line label={t.days} type="number" value={said.days} onText={(days) => setSaid({ ...said, days })} />
      <Line label={t.note} value={said.note} onText={(note) => setSaid({ ...said, note })} />
      <Button disabled={scopes.length === 0} loading={issue.isPending} onClick={() => issue.mutate()}>
        {t.issue}
      </Button>
      {issue.error === null ? null : <Failure error={issue.error} />}
      {issue.data === undefined ? null : <Secret what={t.token} text={issue.data.text} />}
    </fieldset>
  );
}

function TokenLine({ one }: { one: Token }): ReactElement {
  const t = useWords(words);
  const queries = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => told(api.DELETE('/api/v1/tokens/{token_id}', { params: { path: { token_id: one.id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['accounts', one.worker_id, 'tokens'] }),
  });
  return (
    <li>
      {one.note || one.scopes.join(' ')} · {one.made_by} ·{' '}
      {one.revoked_at === null ? t.until(writtenInstant(one.expires_at)) : t.revoked(writtenInstant(one.revoked_at))}{' '}
      {one.revoked_at === null ? (
        <Button size="small" loading={revoke.isPending} onClick={() => revoke.mutate()}>
          {t.revoke}
        </Button>
      ) : null}
      {revoke.error === null ? null : <Failure error={revoke.error} />}
    </li>
  );
}
