import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { useMay, useSession } from '../../app/session';
import { api, ifMatch, type Schemas, told } from '../../contract/client';
import { Button } from '../../parts/Button';
import { useSaid } from '../../parts/Failure';
import { newId } from '../../parts/ids';
import { OneOf } from '../../parts/OneOf';
import { offerUndo } from '../../parts/Undo';
import { useWords } from '../../words/catalogue';
import { aside } from '../../words/marks';
import { shared } from '../../words/shared';
import type { Narrowing } from './asked';
import { words } from './words';

type View = Schemas['ViewOut'];
const KEY = ['views'];

/** Saved views: one's own and those shared in one's region; choosing one narrows the queue as it says. */
export function Views({ narrowing }: { narrowing: Narrowing }): ReactElement {
  const t = useWords(words);
  const { data } = useQuery({ queryKey: KEY, queryFn: () => told(api.GET('/api/v1/views')) });
  const [keeping, setKeeping] = useState(false);
  const views = data ?? [];
  const chosen = views.find((one) => same(one, narrowing));
  const left = views.find((one) => one.id === narrowing.view && one.mine);
  return (
    <div className="views">
      <OneOf
        label={t.views}
        value={chosen?.id ?? ''}
        none={t.view}
        options={views.map((one) => ({ value: one.id, text: one.mine ? one.name : one.name + aside(t.sharedView) }))}
        onChoose={(id) => {
          const view = views.find((one) => one.id === id);
          if (view === undefined) narrowing.clear();
          else narrowing.choose(view);
        }}
      />
      {narrowing.narrowed && chosen === undefined && !keeping ? (
        <Button size="small" onClick={() => setKeeping(true)}>
          {t.keepView}
        </Button>
      ) : null}
      {narrowing.narrowed && chosen === undefined && !keeping && left !== undefined ? (
        <Change view={left} narrowing={narrowing} />
      ) : null}
      {chosen?.mine === true ? <Drop view={chosen} /> : null}
      {keeping ? <Keeping narrowing={narrowing} onEnd={() => setKeeping(false)} /> : null}
    </div>
  );
}

function same(view: View, narrowing: Narrowing): boolean {
  const said = (all: object): string =>
    JSON.stringify(
      Object.entries(all)
        .filter(([, value]) => value !== null && value !== undefined)
        .sort(),
    );
  return narrowing.narrowed && said(view.narrow) === said(narrowing.narrow);
}

/** A view of mine that was chosen and then narrowed otherwise is kept as the queue stands now. */
function Change({ view, narrowing }: { view: View; narrowing: Narrowing }): ReactElement {
  const t = useWords(words);
  const said = useSaid();
  const queries = useQueryClient();
  const change = async (): Promise<void> => {
    try {
      const header = { ...ifMatch(view.version), 'Idempotency-Key': newId() };
      const body = { name: view.name, narrow: narrowing.narrow, shared_in: view.shared_in };
      await told(api.PUT('/api/v1/views/{view}', { params: { path: { view: view.id }, header }, body }));
      offerUndo({ text: t.viewChanged(view.name) });
    } catch (failure) {
      offerUndo({ text: said(failure) });
    }
    await queries.invalidateQueries({ queryKey: KEY });
  };
  return (
    <Button size="small" onClick={change}>
      {t.changeView(view.name)}
    </Button>
  );
}

function Drop({ view }: { view: View }): ReactElement {
  const t = useWords(words);
  const said = useSaid();
  const queries = useQueryClient();
  const drop = async (): Promise<void> => {
    try {
      const params = { path: { view: view.id }, header: ifMatch(view.version) };
      await told(api.DELETE('/api/v1/views/{view}', { params }));
    } catch (failure) {
      offerUndo({ text: said(failure) });
    }
    await queries.invalidateQueries({ queryKey: KEY });
  };
  return (
    <Button size="small" type="text" onClick={drop}>
      {t.dropView}
    </Button>
  );
}

function Keeping({ narrowing, onEnd }: { narrowing: Narrowing; onEnd: () => void }): ReactElement {
  const t = useWords(words);
  const common = useWords(shared);
  const said = useSaid();
  const may = useMay();
  const { region } = useSession();
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [open, setOpen] = useState(false);
  const keep = async (): Promise<void> => {
    try {
      const body = { name, narrow: narrowing.narrow, shared_in: open ? region : null };
      const view = await told(api.POST('/api/v1/views', { body, params: { header: { 'Idempotency-Key': newId() } } }));
      narrowing.set('view', view.id);
      onEnd();
    } catch (failure) {
      offerUndo({ text: said(failure) });
    }
    await queries.invalidateQueries({ queryKey: KEY });
  };
  return (
    <span className="keeping">
      <input aria-label={t.viewName} placeholder={t.viewName} value={name} onChange={(e) => setName(e.target.value)} />
      {may('view.share') ? (
        <label>
          <input type="checkbox" checked={open} onChange={(event) => setOpen(event.target.checked)} /> {t.shareView}
        </label>
      ) : null}
      <Button size="small" type="primary" disabled={name.trim() === ''} onClick={keep}>
        {common.save}
      </Button>
      <Button size="small" onClick={onEnd}>
        {common.cancel}
      </Button>
    </span>
  );
}
