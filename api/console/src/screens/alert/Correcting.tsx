import { Button } from 'antd';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { Failure } from '../../parts/Failure';
import { Line } from '../../parts/Line';
import { OneOf } from '../../parts/OneOf';
import { writtenDay } from '../../parts/written';
import { language, useWords } from '../../words/catalogue';
import { shared } from '../../words/shared';
import type { AlertActing } from './acting';
import { type Alert, type Correction, type Evidence, useCorrections, useDepartments, useFeeds } from './asked';
import { corrections, UNCHANGED, WRONGS } from './correction-words';
import { Department } from './Department';
import { Outstanding } from './Referred';
import { useFeedNames } from './Why';

type PanelProps = { row: Evidence; acting: AlertActing; onClose: () => void };

/** Which row is wrong and how; its agency is asked to correct it, by the day that policy sets. */
export function CorrectPanel({ row, acting, onClose }: PanelProps): ReactElement {
  const t = useWords(corrections);
  const common = useWords(shared);
  const named = useFeedNames();
  const agency = useAgency(row.feed);
  const [said, setSaid] = useState({ code: '', department: null as string | null, note: '' });
  const department = said.department ?? agency;
  const go = (): void =>
    void acting.go({
      kind: 'dispute',
      correction: {
        code: said.code as (typeof WRONGS)[number],
        feed: row.feed,
        delivery: row.delivery,
        row: row.row,
        department: department.trim(),
        note: said.note.trim() === '' ? null : said.note,
      },
    });
  return (
    <fieldset className="acting" aria-label={t.dispute}>
      <p>
        <b>{t.wrongRow(named(row.feed), `${row.delivery}·${row.row}`)}</b> <span className="quiet">{t.hint}</span>
      </p>
      <OneOf
        label={t.how}
        value={said.code}
        none="—"
        options={WRONGS.map((code) => ({ value: code, text: t[code] }))}
        onChoose={(code) => setSaid({ ...said, code })}
      />
      <Department
        label={t.department}
        value={department}
        onDepartment={(name) => setSaid({ ...said, department: name })}
      />
      <Line label={t.note} value={said.note} most={2000} onText={(note) => setSaid({ ...said, note })} />
      <Button type="primary" loading={acting.busy} disabled={said.code === '' || department.trim() === ''} onClick={go}>
        {t.dispute}
      </Button>
      <Button onClick={onClose}>{common.cancel}</Button>
    </fieldset>
  );
}

/** The clerk's department of the feed's agency where one is known here, else the agency by name. */
function useAgency(feed: string): string {
  const agency = useFeeds().data?.find((one) => one.feed === feed)?.agency ?? '';
  const known = useDepartments().data?.find((one) => agency !== '' && one.endsWith(agency));
  return known ?? agency;
}

/** Every row that was said to be wrong, by when it is to be checked, and what became of it. */
export function Corrections({ alert }: { alert: Alert }): ReactElement | null {
  const t = useWords(corrections);
  const query = useCorrections(alert.id);
  const all = query.data ?? [];
  if (query.error === null && all.length === 0) return null;
  return (
    <section aria-labelledby="corrections">
      <h2 id="corrections">{t.corrections}</h2>
      {query.error === null ? null : <Failure error={query.error} what={t.corrections} onRetry={query.refetch} />}
      {all.map((one) => (
        <OneCorrection key={one.id} one={one} />
      ))}
    </section>
  );
}

function OneCorrection({ one }: { one: Correction }): ReactElement {
  const t = useWords(corrections);
  const named = useFeedNames();
  const code = t[one.code as 'ERR_AMT'];
  const what = `${t.wrongRow(named(one.feed ?? ''), `${one.delivery_seq}·${one.row_no}`)} ${code}`;
  if (one.ended_at === null) {
    const whys = [...UNCHANGED, 'ASKED_AMISS' as const].map((why) => ({ value: why, text: t[why] }));
    return <Outstanding one={one} what={what} whys={whys} />;
  }
  const why = one.refused_why === null ? [] : [t[one.refused_why as 'DATA_RIGHT']];
  const receipt = one.receipt_no === null ? [] : [t.receipt(one.receipt_no)];
  const answered = one.answered_at === null ? [] : [writtenDay(one.answered_at.slice(0, 10), language.get())];
  return (
    <p>
      <b>{what}</b> · {one.department} · {[t[one.status], ...why, ...receipt, ...answered].join(' · ')}
    </p>
  );
}
