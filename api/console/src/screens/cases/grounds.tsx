import type { ReactElement } from 'react';
import { Link } from 'react-router';
import paths from '../../../paths.json';
import { useMay } from '../../app/session';
import { useStored } from '../../app/store';
import { Failure } from '../../parts/Failure';
import { Skeleton } from '../../parts/ListState';
import { OneOf } from '../../parts/OneOf';
import { writtenDay } from '../../parts/written';
import { language, useWords } from '../../words/catalogue';
import { useCodeNames } from '../alert/Visited';
import { type Case, type Grounds, useGrounds } from './asked';
import { words } from './words';

type Props = { one: Case; value: string; onChoose: (visit: string) => void };

/** The visit that something rests on, of those it may rest on; and where the next one is recorded. */
export function GroundField({ one, value, onChoose }: Props): ReactElement {
  const t = useWords(words);
  const named = useCodeNames();
  const chosen = useStored(language);
  const { data, error, refetch } = useGrounds(one.id);
  if (data === undefined) {
    return error === null ? <Skeleton lines={1} /> : <Failure error={error} what={t.visit} onRetry={refetch} />;
  }
  const options = data.items.map((each) => ({
    value: each.id,
    text: [writtenDay(each.visited_on, chosen), named(each.way), named(each.finding), each.by].join(' · '),
  }));
  return (
    <div className="case-ground">
      {options.length === 0 ? (
        <p>{t.noVisits}</p>
      ) : (
        <OneOf label={t.visit} value={value} none={t.chooseVisit} options={options} onChoose={onChoose} />
      )}
      <Recording grounds={data} />
    </div>
  );
}

function Recording({ grounds }: { grounds: Grounds }): ReactElement | null {
  const t = useWords(words);
  const may = useMay();
  if (!may('alert.work')) return null;
  return (
    <p>
      <Link to={paths.followUp.replace(':id', grounds.alert_id)}>{t.recordVisit}</Link>
      {grounds.ended ? <span className="quiet"> {t.recordEnded}</span> : null}
    </p>
  );
}
