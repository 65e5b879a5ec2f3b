import { useMutation } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { api, told } from '../../contract/client';
import { Button } from '../../parts/Button';
import { Failure } from '../../parts/Failure';
import { Line } from '../../parts/Line';
import { OneOf } from '../../parts/OneOf';
import { useWords } from '../../words/catalogue';
import { Invitation, useRefresh } from './account-managing';
import { words } from './account-words';

const EMPTY = { name: '', login: '', staff_no: '', first: '' };

/** A new account, for a person or a machine, and the invitation that is shown this once. */
export function Opening(): ReactElement {
  const t = useWords(words);
  const refresh = useRefresh();
  const [said, setSaid] = useState(EMPTY);
  const some = (text: string): string | null => (text.trim() === '' ? null : text.trim());
  const open = useMutation({
    mutationFn: () =>
      told(
        api.POST('/api/v1/accounts', {
          body: {
            name: said.name.trim(),
            login: some(said.login),
            staff_no: some(said.staff_no),
            first: some(said.first),
          },
        }),
      ),
    onSuccess: () => {
      setSaid(EMPTY);
      return refresh();
    },
  });
  const change = (part: keyof typeof EMPTY) => (text: string) => setSaid({ ...said, [part]: text });
  const firsts = (['security', 'auditor'] as const).map((value) => ({ value, text: t[value] }));
  return (
    <details>
      <summary>{t.open}</summary>
      <fieldset className="acting" aria-label={t.open}>
        <Line label={t.name} value={said.name} most={64} onText={change('name')} />
        <Line label={t.login} value={said.login} most={32} onText={change('login')} />
        <Line label={t.staffNo} value={said.staff_no} most={32} onText={change('staff_no')} />
        <OneOf label={t.first} value={said.first} none={t.notFirst} options={firsts} onChoose={change('first')} />
        <Button
          type="primary"
          disabled={some(said.name) === null}
          loading={open.isPending}
          onClick={() => open.mutate()}
        >
          {t.open}
        </Button>
        <p className="quiet">{t.openHint}</p>
        {open.error === null ? null : <Failure error={open.error} />}
        {open.data === undefined ? null : <Invitation text={open.data.invitation} />}
      </fieldset>
    </details>
  );
}
