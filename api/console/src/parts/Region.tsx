import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { api, told } from '../contract/client';
import { useWords } from '../words/catalogue';
import { aside } from '../words/marks';
import { shared } from '../words/shared';
import { OneOf } from './OneOf';

type Props = { label: string; value: string; onChoose: (code: string) => void };

/** Any level of the regions that are one's own: each choice opens the level below it. */
export function Region({ label, value, onChoose }: Props): ReactElement | null {
  const t = useWords(shared);
  const own = useBelow('');
  const root = own.data;
  if (root === undefined || root.here.leaf) return null;
  const line = lineOf(root.here.code, value);
  return (
    <>
      <Level label={label} under="" value={line[0] ?? ''} none={t.all + aside(root.here.name)} onChoose={onChoose} />
      {line.map((code, at) => (
        <Level
          key={code}
          label=""
          under={code}
          value={line[at + 1] ?? ''}
          none={t.all}
          onChoose={(chosen) => onChoose(chosen === '' ? code : chosen)}
        />
      ))}
    </>
  );
}

type LevelProps = { label: string; under: string; value: string; none: string; onChoose: (code: string) => void };

function Level({ label, under, value, none, onChoose }: LevelProps): ReactElement | null {
  const { data } = useBelow(under);
  if (data === undefined || data.below.length === 0) return null;
  const options = data.below.map((one) => ({ value: one.code, text: one.name }));
  return <OneOf label={label || data.here.name} value={value} options={options} none={none} onChoose={onChoose} />;
}

function useBelow(under: string) {
  return useQuery({
    queryKey: ['regions', under],
    queryFn: () => told(api.GET('/api/v1/regions', { params: { query: under === '' ? {} : { under } } })),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

const ENDS = [2, 4, 6, 9, 12];

/** The codes from just below one's own region down to the one chosen. */
function lineOf(root: string, chosen: string): string[] {
  return ENDS.filter((end) => end > root.length && end <= chosen.length).map((end) => chosen.slice(0, end));
}
