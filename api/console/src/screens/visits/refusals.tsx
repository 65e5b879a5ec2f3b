import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import paths from '../../../paths.json';
import { draftOf, keepDraft } from '../../field/drafts';
import { giveUp, type Waiting } from '../../field/outbox';
import { catalogueNow } from '../../field/pack';
import { Button } from '../../parts/Button';
import { useWords } from '../../words/catalogue';
import { draftFrom } from '../follow-up/form';
import { RefusedOne } from '../follow-up/refused';
import { words } from './words';

/** What did not go through, each with what can be done about it: look, keep for the record, mend, give up. */
export function Refusals({ all }: { all: Waiting[] }): ReactElement | null {
  const go = useNavigate();
  const said = useQuery({ queryKey: ['catalogue'], queryFn: catalogueNow, networkMode: 'always', retry: false });
  const refused = all.filter((one) => one.why !== undefined);
  const [asked, setAsked] = useState<Waiting | null>(null);
  const { data } = said;
  if (refused.length === 0 || data === undefined) return null;
  const ask = (one: Waiting) => async (): Promise<void> => {
    const other = (await draftOf(one.alert))?.value.id;
    if (other === undefined || other === one.visit?.id) await mend(one);
    else setAsked(one);
  };
  const mend = async (one: Waiting): Promise<void> => {
    setAsked(null);
    const draft = draftFrom(one);
    if (draft !== undefined) await keepDraft(one.alert, draft);
    await giveUp(one);
    await go(paths.followUp.replace(':id', one.alert));
  };
  return (
    <>
      {refused.map((one) => (
        <RefusedOne
          key={one.id}
          one={one}
          catalogue={data}
          onEdit={one.visit === undefined ? undefined : ask(one)}
          onDone={() => undefined}
        />
      ))}
      {asked === null ? null : <Replace onYes={() => void mend(asked)} onNo={() => setAsked(null)} />}
    </>
  );
}

/** Another draft of the same household has been begun since: it is not replaced unasked. */
function Replace({ onYes, onNo }: { onYes: () => void; onNo: () => void }): ReactElement {
  const t = useWords(words);
  return (
    <fieldset className="sure">
      <legend>{t.otherDraft}</legend>
      <Button danger onClick={onYes}>
        {t.replaceDraft}
      </Button>{' '}
      <Button onClick={onNo}>{t.keepDraft}</Button>
    </fieldset>
  );
}
