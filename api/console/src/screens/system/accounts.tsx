import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { useMay } from '../../app/session';
import { words as app } from '../../app/words';
import { api, type Schemas, told } from '../../contract/client';
import { Button } from '../../parts/Button';
import { Paged } from '../../parts/Paged';
import { Instant } from '../../parts/small';
import { useServed, useWords } from '../../words/catalogue';
import { Managing } from './account-managing';
import { Opening } from './account-opening';
import { words as managing } from './account-words';
import { words } from './words';

type Account = Schemas['AccountPage']['items'][number];
const PAGE = 50;
const MANAGING = ['account.write', 'role.grant', 'token.issue'];

/** Who has an account, with which role and where. */
export function Accounts(): ReactElement {
  const t = useWords(words);
  const query = useInfiniteQuery({
    queryKey: ['accounts'],
    queryFn: ({ pageParam }) => {
      const query = { limit: PAGE, ...(pageParam === null ? {} : { after: pageParam }) };
      return told(api.GET('/api/v1/accounts', { params: { query } }));
    },
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });
  const found = query.data?.pages.flatMap((page) => page.items) ?? [];
  const may = useMay();
  const [managed, setManaged] = useState<string | null>(null);
  const chosen = found.find((one) => one.id === managed);
  return (
    <>
      {may('account.write') ? <Opening /> : null}
      {chosen === undefined ? null : <Managing key={chosen.id} account={chosen} onEnd={() => setManaged(null)} />}
      <Paged query={query} what={t.accounts} nothing={t.noAccounts}>
        {(all) => <Listed accounts={all} onManage={MANAGING.some(may) ? setManaged : null} />}
      </Paged>
    </>
  );
}

type ListedProps = { accounts: Account[]; onManage: ((id: string) => void) | null };

function Listed({ accounts, onManage }: ListedProps): ReactElement {
  const t = useWords(words);
  const manage = useWords(managing);
  return (
    <table className="plain stacked" aria-label={t.accounts}>
      <thead>
        <tr>
          <th scope="col">{t.name}</th>
          <th scope="col">{t.login}</th>
          <th scope="col">{t.role}</th>
          <th scope="col">{t.region}</th>
          <th scope="col">{t.active}</th>
          <th scope="col">{t.since}</th>
          {onManage === null ? null : <th scope="col">{manage.manage}</th>}
        </tr>
      </thead>
      <tbody>
        {accounts.map((one) => (
          <AccountLine key={one.id} account={one} onManage={onManage} />
        ))}
      </tbody>
    </table>
  );
}

type LineProps = { account: Account; onManage: ListedProps['onManage'] };

function AccountLine({ account, onManage }: LineProps): ReactElement {
  const t = useWords(words);
  const manage = useWords(managing);
  const common = useWords(app);
  const served = useServed();
  const roles = useQuery({ queryKey: ['roles'], queryFn: () => told(api.GET('/api/v1/roles')) });
  const role = roles.data?.find((one) => one.role === account.role);
  const called = role === undefined ? account.role : served(role.zh, role.en);
  return (
    <tr>
      <td data-label={t.name}>{account.name}</td>
      <td data-label={t.login}>{account.login ?? '—'}</td>
      <td data-label={t.role}>{account.role === 'none' ? t.noRole : called}</td>
      <td data-label={t.region}>
        {account.role === 'none' ? '—' : [account.region_name || common.nation, account.department ?? ''].join(' ')}
      </td>
      <td data-label={t.active}>{account.active ? t.on : t.stopped}</td>
      <td data-label={t.since}>
        <Instant at={account.created_at} />
      </td>
      {onManage === null ? null : (
        <td data-label={manage.manage}>
          <Button size="small" aria-label={manage.managing(account.name)} onClick={() => onManage(account.id)}>
            {manage.manage}
          </Button>
        </td>
      )}
    </tr>
  );
}
