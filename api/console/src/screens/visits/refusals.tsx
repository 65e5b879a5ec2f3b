import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useNavigate } from 'react-router';
import paths from '../../../paths.json';
import { keepDraft } from '../../field/drafts';
import { giveUp, type Waiting } from '../../field/outbox';
import { catalogueNow } from '../../field/pack';
import { draftFrom } from '../follow-up/form';
import { RefusedOne } from '../follow-up/refused';

/** What did not go through, each with what can be done about it: look, keep for the record, mend, give up. */
export function Refusals({ all }: { all: Waiting[] }): ReactElement | null {
  const go = useNavigate();
  const said = useQuery({ queryKey: ['catalogue'], queryFn: catalogueNow, networkMode: 'always', retry: false });
  const refused = all.filter((one) => one.why !== undefined);
  const { data } = said;
  if (refused.length === 0 || data === undefined) return null;
  const mend = (one: Waiting) => async (): Promise<void> => {
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
          onEdit={one.visit === undefined ? undefined : mend(one)}
          onDone={() => undefined}
        />
      ))}
    </>
  );
}
