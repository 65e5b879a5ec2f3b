import { catalogue } from '../../words/catalogue';

/** What is done to many at once, and what was left out of it. */
export const words = catalogue(
  {
    claim: '认领',
    release: '放回',
    result: '批量办理结果',
    undone: (n: number) => `已撤销 ${n} 条`,
    undoneSome: (n: number, no: number) => `已撤销 ${n} 条，${no} 条未撤销，原因见预警工作台。`,
    notDone: (n: number) => `未完成的条目（${n}）`,
    notUndone: (n: number) => `未撤销的条目（${n}）`,
    notDoneNext: '这些保持原样，可逐条打开办理。',
    notUndoneNext: '这些保持现在的样子；如仍要改回，请逐条打开办理。',
    unnamed: '（此条）',
    takeOut: '导出已选',
    exportTicked: (n: number) => `导出已选的 ${n} 条，按列表的次序。`,
    exportTooMany: (n: number, most: number) => `已选 ${n} 条，勾选导出一次最多 ${most} 条；更多请用筛选后的“导出”。`,
    exportAll: (n: string) => `导出当前筛选的全部 ${n} 条，不止已载入的。`,
    exportRules: '姓名隐去；一天合计超过可独自导出的行数须另一人同意；一次最多 5,000 行。',
    exportSearch: '查找结果不能整批导出：请勾选要导出的条目，再点“导出已选”。',
  },
  {
    claim: 'Claim',
    release: 'Put back',
    result: 'What became of many',
    undone: (n: number) => `${n} taken back`,
    undoneSome: (n: number, no: number) => `${n} taken back, ${no} not: the queue says why.`,
    notDone: (n: number) => `Not done (${n})`,
    notUndone: (n: number) => `Not taken back (${n})`,
    notDoneNext: 'These are as they were; open one to work on it.',
    notUndoneNext: 'These stay as they are now; open one to change it.',
    unnamed: '(this one)',
    takeOut: 'Export these',
    exportTicked: (n: number) => `The ${n} selected, in the list’s order.`,
    exportTooMany: (n: number, most: number) =>
      `${n} are selected; at most ${most} at a time. For more, narrow the list and export it.`,
    exportAll: (n: string) => `All ${n} that the list is narrowed to, not only what has loaded.`,
    exportRules: 'Names are masked; beyond the daily rows a second person must agree; at most 5,000 rows.',
    exportSearch: 'What a search finds is not exported as a whole: tick the ones you want, then “Export these”.',
  },
);
