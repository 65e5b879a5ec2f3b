import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Input } from 'antd';
import type { ReactElement } from 'react';
import { useId, useState } from 'react';
import { Link } from 'react-router';
import paths from '../../paths.json';
import { api, type Schemas } from '../contract/client';
import { catalogue, useWords } from '../words/catalogue';
import { Button } from './Button';
import { Failure } from './Failure';
import { saved } from './saving';
import { writtenCount } from './written';

const words = catalogue(
  {
    why: '用途（印在表头）',
    whyHint: '至少四个字，例如：例会材料',
    take: '导出',
    taking: '正在生成表格，请稍候…',
    taken: '已导出：表格在浏览器的“下载”里，每份带水印并留痕。',
    asked: (rows: string) =>
      `共 ${rows} 行，超过一天可独自导出的行数：已提交申请。另一人同意后，请在“导入 / 导出”的“导出申请”里取件，一天内有效。`,
    toRequests: '去看导出申请',
  },
  {
    why: 'What for (printed on top)',
    whyHint: 'Four characters at least, as: weekly meeting',
    take: 'Export',
    taking: 'The sheet is being made…',
    taken: 'Exported: the sheet is among your browser’s downloads; each is watermarked and in the audit.',
    asked: (rows: string) =>
      `${rows} rows are more than you may take out alone in a day: another was asked to agree. Once they do, take it under “Requests for exports” within a day.`,
    toRequests: 'To the requests',
  },
);

const LEAST_WHY = 4;
const ALONE = 202;
export type Wanted = Omit<Schemas['AlertsOutIn'], 'why'>;

/** What for, then the workbook, or the request that another must agree to; and what to do next in either case. */
export function TakingOut({ wanted }: { wanted: Wanted }): ReactElement {
  const t = useWords(words);
  const id = useId();
  const queries = useQueryClient();
  const [why, setWhy] = useState('');
  const act = useMutation<number | null, unknown, Wanted>({
    mutationFn: async (sent) => {
      const body = { ...sent, why: why.trim() };
      const got = await saved(api.POST('/api/v1/exports/alerts', { body, parseAs: 'blob' }), 'alerts.xlsx');
      await queries.invalidateQueries({ queryKey: ['export-requests'] });
      return got.status === ALONE ? (got.said as { rows: number }).rows : null;
    },
  });
  return (
    <div className="taking-out">
      <label htmlFor={id}>{t.why}</label>
      <Input
        id={id}
        value={why}
        maxLength={100}
        placeholder={t.whyHint}
        onChange={(event) => setWhy(event.target.value)}
      />
      <Button
        type="primary"
        loading={act.isPending}
        disabled={why.trim().length < LEAST_WHY}
        onClick={() => act.mutate(wanted)}
      >
        {t.take}
      </Button>
      <p role="status">
        {act.isPending ? t.taking : null}
        {act.isSuccess ? <Outcome rows={act.data} /> : null}
      </p>
      {act.error === null ? null : <Failure error={act.error} />}
    </div>
  );
}

function Outcome({ rows }: { rows: number | null }): ReactElement {
  const t = useWords(words);
  if (rows === null) return <>{t.taken}</>;
  return (
    <>
      {t.asked(writtenCount(rows))} <Link to={paths.exchange}>{t.toRequests}</Link>
    </>
  );
}
