import { Button } from 'antd';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { api, told } from '../../contract/client';
import { useSaid } from '../../parts/Failure';
import { offerUndo } from '../../parts/Undo';
import { useWords } from '../../words/catalogue';
import { shared } from '../../words/shared';
import type { Narrow } from './asked';
import { words } from './words';

const KNOWN = ['region', 'level', 'status'];

/** The list as a workbook, masked; what leaves and why is written down on the server. */
export function Export({ narrow, text }: { narrow: Narrow; text: string }): ReactElement {
  const t = useWords(words);
  const common = useWords(shared);
  const said = useSaid();
  const [open, setOpen] = useState(false);
  const [why, setWhy] = useState('');
  const send = async (): Promise<void> => {
    const { region = null, level = null, status = null } = narrow;
    try {
      const book = await told(
        api.POST('/api/v1/exports/alerts', { body: { why, region, level, status }, parseAs: 'blob' }),
      );
      const file = book as unknown as Blob;
      const asked = file.type.startsWith('application/json');
      if (!asked) saved(file);
      offerUndo({ text: asked ? t.exportWaits : t.exported });
      setOpen(false);
    } catch (failure) {
      offerUndo({ text: said(failure) });
    }
  };
  const more = text !== '' || Object.keys(narrow).some((name) => !KNOWN.includes(name));
  if (!open) return <Button onClick={() => setOpen(true)}>{t.export}</Button>;
  return (
    <fieldset className="acting" aria-label={t.export}>
      <input
        aria-label={t.exportWhy}
        placeholder={t.exportWhy}
        value={why}
        minLength={4}
        maxLength={100}
        onChange={(event) => setWhy(event.target.value)}
      />
      <Button type="primary" disabled={more || why.trim().length < 4} onClick={send}>
        {t.export}
      </Button>
      <Button onClick={() => setOpen(false)}>{common.cancel}</Button>
      {more ? <p role="status">{t.exportNarrower}</p> : <p className="quiet">{t.exportHint}</p>}
    </fieldset>
  );
}

function saved(file: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = 'alerts.xlsx';
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
