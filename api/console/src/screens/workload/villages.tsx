import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { api, type Schemas, told } from '../../contract/client';
import { useWords } from '../../words/catalogue';
import { words } from './pack-words';

type Place = Schemas['PlaceOut'];
type Props = { under: string; chosen: string[]; onChoose: (codes: string[]) => void };

/** Villages picked from the tree of the worker's region, opened level by level. */
export function Villages(props: Props): ReactElement {
  const t = useWords(words);
  return (
    <fieldset className="villages">
      <legend>
        {t.villages} · {t.chosen(props.chosen.length)}
      </legend>
      <p className="quiet">{t.villagesHint}</p>
      <Below {...props} />
    </fieldset>
  );
}

function Below({ under, chosen, onChoose }: Props): ReactElement | null {
  const { data } = useQuery({
    queryKey: ['regions', under],
    queryFn: () => told(api.GET('/api/v1/regions', { params: { query: { under } } })),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (data === undefined) return null;
  return (
    <ul className="village-tree">
      {data.below.map((one) => (
        <Node key={one.code} one={one} chosen={chosen} onChoose={onChoose} />
      ))}
    </ul>
  );
}

type NodeProps = Omit<Props, 'under'> & { one: Place };

function Node({ one, chosen, onChoose }: NodeProps): ReactElement {
  const t = useWords(words);
  const within = chosen.filter((code) => code.startsWith(one.code)).length;
  const [open, setOpen] = useState(within > 0);
  if (one.level === 'village') {
    const flip = (): void => {
      onChoose(within > 0 ? chosen.filter((code) => code !== one.code) : [...chosen, one.code].sort());
    };
    return (
      <li>
        <label className="tick">
          <input type="checkbox" checked={within > 0} onChange={flip} /> {one.name}
        </label>
      </li>
    );
  }
  return (
    <li>
      <button
        type="button"
        className="linkish"
        aria-expanded={open}
        aria-label={open ? t.shut(one.name) : t.open(one.name)}
        onClick={() => setOpen(!open)}
      >
        {open ? '▾' : '▸'} {one.name}
      </button>
      {within > 0 ? <span className="quiet"> {t.chosen(within)}</span> : null}
      {open ? <Below under={one.code} chosen={chosen} onChoose={onChoose} /> : null}
    </li>
  );
}
