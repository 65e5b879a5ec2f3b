import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import paths from '../../../paths.json';
import { api, ifMatch, told } from '../../contract/client';
import { dropDraft, keepDraft } from '../../field/drafts';
import { caseOf, flush, giveUp, queue, type Waiting, waiting } from '../../field/outbox';
import { type Catalogue, packNow, type Sheet } from '../../field/pack';
import { newId } from '../../parts/ids';
import { offerUndo } from '../../parts/Undo';
import { useWords } from '../../words/catalogue';
import { sendable } from './form';
import type { Form } from './useForm';
import { words } from './words';

type Outcome = 'sent' | 'queued' | 'refused';
export type Submitting = {
  busy: boolean;
  refused: Waiting | undefined;
  submit: () => Promise<Outcome>;
  mend: () => Promise<void>;
};

async function where(id: string): Promise<Waiting | undefined> {
  return (await waiting()).find((one) => one.id === id);
}

async function takeBack(one: Waiting): Promise<void> {
  const params = { path: { alert_id: one.alert }, header: ifMatch(one.version + 1) };
  await told(api.POST('/api/v1/alerts/{alert_id}/undo', { params }));
}

/** Put the form into the outbox, send it if there is a network, and say what became of it, with a way back. */
export function useSubmit(form: Form | undefined, sheet: Sheet, catalogue: Catalogue): Submitting {
  const t = useWords(words);
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Waiting>();
  const submit = async (): Promise<Outcome> => {
    if (form === undefined) return 'queued';
    setBusy(true);
    try {
      await form.settled();
      const { draft } = form;
      const one = await queue(sendable(draft, sheet, catalogue, await packNow()));
      await flush();
      const left = await where(one.id);
      setRefused(left?.why === undefined ? undefined : left);
      if (left?.why !== undefined) return 'refused';
      await dropDraft(one.alert);
      const back = async (): Promise<void> => {
        const still = await where(one.id);
        if (still === undefined || still.recorded === true) {
          await takeBack(one);
          // It is on record, taken back: what is sent next is another visit, on what the alert is now.
          await keepDraft(one.alert, { ...draft, id: newId(), version: one.version + 2 });
        } else {
          await giveUp(still);
          await keepDraft(one.alert, draft);
        }
      };
      // Told last: what it leads to is not left again by what the form still does.
      await queries.invalidateQueries();
      const inCase = caseOf(one.id);
      const led = inCase === undefined ? undefined : { to: paths.case.replace(':id', inCase), text: t.toCase };
      const sent = led === undefined ? t.sent : t.sentInCase;
      offerUndo({ text: left === undefined ? sent : t.queued, takeBack: back, led });
      return left === undefined ? 'sent' : 'queued';
    } finally {
      setBusy(false);
    }
  };
  const mend = async (): Promise<void> => {
    if (refused !== undefined) await giveUp(refused);
    setRefused(undefined);
  };
  return { busy, refused, submit, mend };
}
