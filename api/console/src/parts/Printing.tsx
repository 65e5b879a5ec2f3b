import { useMutation } from '@tanstack/react-query';
import { Button } from 'antd';
import type { ReactElement } from 'react';
import { api, type Schemas, told } from '../contract/client';
import { catalogue, language, useWords } from '../words/catalogue';
import { shared } from '../words/shared';
import { Dialog } from './Dialog';
import { Failure } from './Failure';

type Kind = NonNullable<Schemas['PrintIn']['kind']>;
type Made = Schemas['PrintOut'];
export type Printing = { print: (alerts: string[], kind?: Kind) => void; pending: boolean; shown: ReactElement };

export const printingWords = catalogue(
  {
    ready: (n: number, number: string) => `${n} 户的表已备好，编号 ${number}`,
    open: '打开打印页',
    skipped: (n: number) => `跳过 ${n} 户：不在您的管辖范围`,
    until: '半小时内可打开；打印已记入审计。',
    failed: '打印',
  },
  {
    ready: (n: number, number: string) => `Forms for ${n} households are ready, no. ${number}`,
    open: 'Open the page to print',
    skipped: (n: number) => `${n} left out: not in your region`,
    until: 'It can be opened for half an hour; the audit knows of it.',
    failed: 'The print',
  },
);

/** Print forms of alerts: a page each (check) or one list (round). The page opens beside this one and needs no script. */
export function usePrinting(): Printing {
  const make = useMutation({
    mutationFn: ({ alerts, kind }: { alerts: string[]; kind: Kind }) =>
      told(api.POST('/api/v1/forms', { body: { alerts, kind, order: 'village', language: language.get() } })),
    onSuccess: (made) => window.open(made.path, '_blank'),
  });
  const print = (alerts: string[], kind: Kind = 'check'): void => make.mutate({ alerts, kind });
  return {
    print,
    pending: make.isPending,
    shown: <Outcome made={make.data} error={make.error} onClose={make.reset} />,
  };
}

type Props = { made: Made | undefined; error: unknown; onClose: () => void };

/** What became of a print; the link is there for browsers that open no page by themselves. */
function Outcome({ made, error, onClose }: Props): ReactElement | null {
  const t = useWords(printingWords);
  const s = useWords(shared);
  if (made === undefined && error === null) return null;
  return (
    <Dialog
      title={made === undefined ? t.failed : t.ready(made.forms, made.number)}
      onClose={onClose}
      buttons={
        <Button type="primary" onClick={onClose}>
          {s.close}
        </Button>
      }
    >
      {error === null ? null : <Failure error={error} kept={false} />}
      {made === undefined ? null : <Ready made={made} />}
    </Dialog>
  );
}

function Ready({ made }: { made: Made }): ReactElement {
  const t = useWords(printingWords);
  return (
    <>
      <p>
        <a href={made.path} target="_blank" rel="noreferrer">
          {t.open}
        </a>
      </p>
      {made.skipped.length === 0 ? null : <p>{t.skipped(made.skipped.length)}</p>}
      <p className="quiet">{t.until}</p>
    </>
  );
}
