import { useMutation, useQuery } from '@tanstack/react-query';
import type { FormEvent, ReactElement } from 'react';
import { useState } from 'react';
import { api, type Schemas, told } from '../../contract/client';
import { Button } from '../../parts/Button';
import { Failure } from '../../parts/Failure';
import { ListState } from '../../parts/ListState';
import { useWords } from '../../words/catalogue';
import { shared } from '../../words/shared';
import { words } from './words';

type Region = Schemas['RegionOut'];

/** The tree of regions, opened level by level, and looked through by name, pinyin or code. */
export function Regions(): ReactElement {
  const t = useWords(words);
  const [former, setFormer] = useState(false);
  return (
    <>
      <Sought />
      <label className="tick">
        <input type="checkbox" checked={former} onChange={(event) => setFormer(event.target.checked)} /> {t.former}
      </label>
      <Below under={undefined} former={former} />
    </>
  );
}

type SoughtProps = { onChoose?: (code: string) => void };

/** A region looked for by name, pinyin, initials or code; with onChoose, one can be taken. */
export function Sought({ onChoose }: SoughtProps): ReactElement {
  const t = useWords(words);
  const s = useWords(shared);
  const [text, setText] = useState('');
  const look = useMutation({ mutationFn: () => told(api.POST('/api/v1/system/regions/search', { body: { text } })) });
  const send = (event: FormEvent): void => {
    event.preventDefault();
    if (text.trim().length > 1) look.mutate();
  };
  return (
    <search>
      <form className="narrowing" onSubmit={send}>
        <label>
          {t.findRegion}
          <input type="search" value={text} maxLength={40} onChange={(event) => setText(event.target.value)} />
        </label>
        <Button htmlType="submit" disabled={text.trim().length < 2}>
          {s.search}
        </Button>
      </form>
      {look.error === null ? null : <Failure error={look.error} />}
      {look.data === undefined ? null : <Found regions={look.data} onChoose={onChoose} />}
    </search>
  );
}

function Found({ regions, onChoose }: { regions: Region[]; onChoose: SoughtProps['onChoose'] }): ReactElement {
  const t = useWords(words);
  const s = useWords(shared);
  return (
    <>
      <p role="status">{regions.length === 0 ? s.nothingMatches : t.found(regions.length)}</p>
      <ul className="bare">
        {regions.map((one) => (
          <li key={one.code}>
            {onChoose === undefined ? (
              <span className="masked">{one.code}</span>
            ) : (
              <button type="button" className="linkish masked" onClick={() => onChoose(one.code)}>
                {one.code}
              </button>
            )}{' '}
            {one.full_name}
          </li>
        ))}
      </ul>
    </>
  );
}

/** What lies below a region, asked for when it is opened. */
function Below({ under, former }: { under: string | undefined; former: boolean }): ReactElement {
  const t = useWords(words);
  const query = useQuery({
    queryKey: ['system', 'regions', under, former],
    queryFn: () =>
      told(
        api.GET('/api/v1/system/regions', { params: { query: { former, ...(under === undefined ? {} : { under }) } } }),
      ),
  });
  const found = query.data?.below ?? [];
  return (
    <ListState query={query} what={t.regions} count={found.length} nothing={<p>{t.noRegions}</p>}>
      {under === undefined && query.data !== undefined ? <p>{query.data.here.full_name}</p> : null}
      <ul className="tree">
        {found.map((one) => (
          <Node key={`${one.code} ${one.valid_from}`} region={one} former={former} />
        ))}
      </ul>
    </ListState>
  );
}

function Node({ region, former }: { region: Region; former: boolean }): ReactElement {
  const t = useWords(words);
  const [open, setOpen] = useState(false);
  const said = open ? t.shut(region.name) : t.open(region.name);
  return (
    <li>
      {region.below === 0 ? (
        <span className="tree-leaf" />
      ) : (
        <button type="button" aria-expanded={open} aria-label={said} onClick={() => setOpen(!open)}>
          {open ? '▾' : '▸'}
        </button>
      )}
      {region.name} <span className="masked quiet">{region.code}</span>
      {region.valid_to === null ? null : <em className="quiet"> {t.ended(region.valid_to, region.successor ?? '')}</em>}
      {region.below === 0 ? null : <span className="quiet"> {region.below}</span>}
      {open ? <Below under={region.code} former={former} /> : null}
    </li>
  );
}
