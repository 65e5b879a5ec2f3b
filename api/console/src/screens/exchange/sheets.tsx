import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { api, type Schemas, told } from '../../contract/client';
import { Button } from '../../parts/Button';
import { Dialog } from '../../parts/Dialog';
import { useSaid } from '../../parts/Failure';
import { ListState } from '../../parts/ListState';
import { Instant } from '../../parts/small';
import { writtenCount, writtenInstant } from '../../parts/written';
import { useServed, useWords } from '../../words/catalogue';
import { shared } from '../../words/shared';
import { words } from './words';

type Sheet = Schemas['SheetOut'];
type Undone = Schemas['UndoneOut'];

/** The sheets that I sent in; each can be taken back whole for a day. */
export function Sheets(): ReactElement {
  const t = useWords(words);
  const query = useQuery({ queryKey: ['visit-sheets'], queryFn: () => told(api.GET('/api/v1/visits/sheets')) });
  const sheets = query.data ?? [];
  const { undo, undone, problem } = useTakingBack();
  const [asked, setAsked] = useState<Sheet | null>(null);
  return (
    <section>
      <h2>{t.mine}</h2>
      {problem === '' ? null : (
        <p role="alert" className="refused">
          {problem}
        </p>
      )}
      {undone === undefined ? null : <Kept undone={undone} />}
      <ListState query={query} what={t.mine} count={sheets.length} nothing={<p>{t.noSheets}</p>}>
        <SheetTable sheets={sheets} onUndo={setAsked} />
      </ListState>
      {asked === null ? null : (
        <Asking
          onClose={() => setAsked(null)}
          onYes={() => {
            undo(asked.id);
            setAsked(null);
          }}
        />
      )}
    </section>
  );
}

function Asking({ onYes, onClose }: { onYes: () => void; onClose: () => void }): ReactElement {
  const t = useWords(words);
  const common = useWords(shared);
  const buttons = (
    <>
      <Button onClick={onClose}>{common.cancel}</Button>
      <Button type="primary" onClick={onYes}>
        {t.takeBack}
      </Button>
    </>
  );
  return (
    <Dialog title={t.takeBack} onClose={onClose} buttons={buttons}>
      <p>{t.takeBackAsk}</p>
    </Dialog>
  );
}

function useTakingBack(): { undo: (id: string) => void; undone: Undone | undefined; problem: string } {
  const said = useSaid();
  const queries = useQueryClient();
  const act = useMutation<Undone, unknown, string>({
    mutationFn: (id) => told(api.POST('/api/v1/visits/sheets/{sheet_id}/undo', { params: { path: { sheet_id: id } } })),
    onSuccess: () => queries.invalidateQueries(),
  });
  return { undo: act.mutate, undone: act.data, problem: act.error === null ? '' : said(act.error) };
}

function Kept({ undone }: { undone: Undone }): ReactElement {
  const t = useWords(words);
  const served = useServed();
  return (
    <div role="status">
      <p>{t.takenBack(writtenCount(undone.sheet.undone))}</p>
      {undone.kept.length === 0 ? null : (
        <>
          <p>{t.kept}</p>
          <ul>
            {undone.kept.map((one) => (
              <li key={one.household_no}>
                {one.household_no} {served(one.zh, one.en)}
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

function SheetTable({ sheets, onUndo }: { sheets: Sheet[]; onUndo: (sheet: Sheet) => void }): ReactElement {
  const t = useWords(words);
  return (
    <div className="exchange-wide">
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">{t.sentAt}</th>
            {[t.recorded, t.repeated, t.refused].map((title) => (
              <th key={title} scope="col" className="number">
                {title}
              </th>
            ))}
            <th scope="col">{t.state}</th>
          </tr>
        </thead>
        <tbody>
          {sheets.map((one) => (
            <tr key={one.id}>
              <th scope="row">
                <Instant at={one.sent_at} />
              </th>
              {[one.recorded, one.repeated, one.refused].map((count, place) => (
                <td key={String(place)} className="number">
                  {writtenCount(count)}
                </td>
              ))}
              <td>
                <SheetState sheet={one} onUndo={onUndo} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function SheetState({ sheet, onUndo }: { sheet: Sheet; onUndo: (sheet: Sheet) => void }): ReactElement {
  const t = useWords(words);
  if (sheet.undone_at !== null) return <>{t.takenBack(writtenCount(sheet.undone))}</>;
  if (Date.parse(sheet.undo_until) < Date.now()) return <>{t.tooLate}</>;
  return (
    <>
      <Button size="small" onClick={() => onUndo(sheet)}>
        {t.takeBack}
      </Button>{' '}
      <span className="quiet">{t.until(writtenInstant(sheet.undo_until))}</span>
    </>
  );
}
