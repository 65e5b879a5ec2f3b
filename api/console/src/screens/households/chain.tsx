import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { Link } from 'react-router';
import paths from '../../../paths.json';
import { useMay } from '../../app/session';
import { api, told } from '../../contract/client';
import { Failure } from '../../parts/Failure';
import { Skeleton } from '../../parts/ListState';
import { PhotosOf } from '../../parts/Photos';
import { writtenDay } from '../../parts/written';
import { language, useServed, useWords } from '../../words/catalogue';
import { Part } from './household';
import { words } from './words';

const VISITS = ['visit', 'supplement'];
const OPENED = 'case.opened';

/** 一户一条救助链: everything that happened to the household, the newest first; this part fails alone. */
export function Chain({ no }: { no: string }): ReactElement {
  const t = useWords(words);
  const served = useServed();
  const may = useMay();
  const params = { path: { household_no: no } };
  const query = useQuery({
    queryKey: ['chain', no],
    queryFn: () => told(api.GET('/api/v1/households/{household_no}/timeline', { params })),
  });
  if (query.data === undefined) {
    return query.error === null ? (
      <Skeleton lines={4} />
    ) : (
      <Failure error={query.error} what={t.chain} onRetry={() => void query.refetch()} kept={false} />
    );
  }
  const { entries } = query.data;
  return (
    <Part title={t.chain}>
      {entries.length === 0 ? <p className="quiet">{t.nothingYet}</p> : null}
      <ol className="chain">
        {entries.map((one, at) => (
          <li key={`${one.kind}${one.subject}${String(at)}`}>
            <time dateTime={one.on}>{writtenDay(one.on, language.get())}</time> {served(one.zh, one.en)}
            {one.member === null ? '' : ` · ${t.member(one.member)}`}
            {one.by === null || one.by === 'system' ? '' : ` · ${one.by}`}
            {VISITS.includes(one.kind) ? (
              <>
                {' '}
                <PhotosOf visit={one.subject} />
              </>
            ) : null}
            {one.kind === OPENED && may('case.read') ? (
              <>
                {' '}
                <Link to={paths.case.replace(':id', one.subject)}>{t.toCase}</Link>
              </>
            ) : null}
          </li>
        ))}
      </ol>
    </Part>
  );
}
