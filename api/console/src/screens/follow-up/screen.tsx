import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { Link, useNavigate, useParams, useSearchParams } from 'react-router';
import paths from '../../../paths.json';
import { nextToVisit } from '../../field/day';
import { type Catalogue, catalogueNow, type Sheet, sheetOf } from '../../field/pack';
import { secure } from '../../field/vault';
import { Button } from '../../parts/Button';
import { Failure } from '../../parts/Failure';
import { Skeleton } from '../../parts/ListState';
import { useNarrow } from '../../parts/narrow';
import { writtenInstant } from '../../parts/written';
import { useWords } from '../../words/catalogue';
import { About } from './about';
import { Facts } from './facts';
import { type FieldProps, Finding, NextVisit, Note, Present, Proposed, Way, When } from './fields';
import { lacking } from './form';
import { Photos } from './photos';
import { RefusedOne } from './refused';
import { type Form, useForm } from './useForm';
import { useSubmit } from './useSubmit';
import './follow-up.css';
import { comma } from '../../words/marks';
import { words } from './words';

/** S3 登记核查: one form, filled in at the door, kept as it is typed, sent when there is a network. */
export default function FollowUp(): ReactElement {
  const t = useWords(words);
  const { id = '' } = useParams();
  const sheet = useQuery({ queryKey: ['sheet', id], queryFn: () => sheetOf(id), networkMode: 'always', retry: false });
  const said = useQuery({ queryKey: ['catalogue'], queryFn: catalogueNow, networkMode: 'always', retry: false });
  const error = sheet.error ?? said.error;
  const narrow = useNarrow();
  return (
    <div className="follow-up">
      <p>
        {narrow ? (
          <Link to={paths.visits}>← {t.back}</Link>
        ) : (
          <Link to={paths.alert.replace(':id', id)}>← {t.backToAlert}</Link>
        )}
      </p>
      <h1>{t.title}</h1>
      {sheet.data !== undefined && said.data !== undefined ? (
        <Loaded key={id} sheet={sheet.data} catalogue={said.data} />
      ) : error === null ? (
        <Skeleton />
      ) : (
        <Failure error={error} what={t.form} onRetry={() => void Promise.all([sheet.refetch(), said.refetch()])} />
      )}
    </div>
  );
}

function Loaded({ sheet, catalogue }: { sheet: Sheet; catalogue: Catalogue }): ReactElement {
  const [meant] = useSearchParams();
  const form = useForm(sheet, meant.get('finding') ?? '');
  const submitting = useSubmit(form, sheet, catalogue);
  const go = useNavigate();
  if (submitting.refused !== undefined) {
    return (
      <RefusedOne
        one={submitting.refused}
        catalogue={catalogue}
        onEdit={submitting.mend}
        onDone={() => go(paths.visits)}
      />
    );
  }
  return (
    <>
      <About sheet={sheet} catalogue={catalogue} />
      {form === undefined ? <Skeleton /> : <Filling form={form} sheet={sheet} catalogue={catalogue} {...submitting} />}
    </>
  );
}

type FillingProps = { form: Form; sheet: Sheet; catalogue: Catalogue; busy: boolean; submit: () => Promise<string> };

function Filling({ form, sheet, catalogue, busy, submit }: FillingProps): ReactElement {
  const t = useWords(words);
  const go = useNavigate();
  const list = useNarrow() ? paths.visits : paths.queue;
  const [tried, setTried] = useState(false);
  const lacks = lacking(form.draft, catalogue);
  const named = { finding: t.finding, why: t.why, next: t.next, when: t.when };
  const fields: FieldProps = { draft: form.draft, catalogue, sheet, onChange: form.change };
  const send = (onward: boolean) => async (): Promise<void> => {
    setTried(true);
    if (lacks.length > 0) return;
    if ((await submit()) !== 'refused') await go((onward ? await onwards(sheet) : undefined) ?? list);
  };
  return (
    <form onSubmit={(event) => event.preventDefault()}>
      <Saved form={form} />
      <When {...fields} />
      <Way {...fields} />
      <Finding {...fields} />
      <Facts known={sheet.known} draft={form.draft} onChange={form.change} />
      <Present {...fields} />
      <Proposed {...fields} />
      <NextVisit {...fields} />
      <Note {...fields} />
      <Photos draft={form.draft} onChange={form.change} />
      {tried && lacks.length > 0 ? (
        <p role="alert" className="refused">
          {t.missing(lacks.map((one) => named[one]).join(comma()))}
        </p>
      ) : null}
      <div className="sticky-buttons">
        <Button loading={busy} onClick={send(false)}>
          {t.submit}
        </Button>
        <Button type="primary" loading={busy} onClick={send(true)}>
          {t.submitNext}
        </Button>
      </div>
    </form>
  );
}

/** Where the next household to visit is; undefined when there is none. */
async function onwards(sheet: Sheet): Promise<string | undefined> {
  const next = await nextToVisit(sheet.alert.id);
  return next === undefined ? undefined : paths.followUp.replace(':id', next);
}

function Saved({ form }: { form: Form }): ReactElement {
  const t = useWords(words);
  const kept = form.savedAt === null ? '' : t.saved(writtenInstant(form.savedAt).slice(11));
  return (
    <div className="saved">
      <span role="status">{secure ? kept : t.savedPage}</span>
      {form.restored ? (
        <>
          {' '}
          <span>{t.leftOver}</span>{' '}
          <button type="button" className="linkish" onClick={() => void form.clear()}>
            {t.discard}
          </button>
        </>
      ) : null}
    </div>
  );
}
