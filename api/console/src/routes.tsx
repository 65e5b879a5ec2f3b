import { matchPath } from 'react-router';
import paths from '../paths.json';
import { type Lasting, lasting } from './app/lasting';
import { catalogue } from './words/catalogue';

/** One screen: its address, what a person must be allowed to do to see it, and whether the menu leads there. */
export type Screen = {
  path: string;
  page: Lasting;
  may?: string;
  /** Its word in the menu; without one the menu does not name it. */
  nav?: keyof typeof navWords.zh;
  /** Shows personal data: carries the watermark. */
  personal?: boolean;
};

export const navWords = catalogue(
  {
    queue: '预警工作台',
    visits: '走访包',
    notices: '提醒',
    suggestions: '模型建议',
    cases: '帮扶个案',
    households: '家庭档案',
    workload: '分派与工作量',
    board: '监管看板',
    referrals: '转办事项',
    quiets: '静默名单',
    exchange: '导入导出',
    nights: '夜间扫描',
    rules: '规则与阈值',
    audit: '审计',
    system: '系统',
  },
  {
    queue: 'Queue',
    visits: 'Visit pack',
    notices: 'Notices',
    suggestions: 'Suggestions',
    cases: 'Cases',
    households: 'Households',
    workload: 'Workload',
    board: 'Board',
    referrals: 'Referrals',
    quiets: 'Kept quiet',
    exchange: 'Import, export',
    nights: 'Nights',
    rules: 'Rules',
    audit: 'Audit',
    system: 'System',
  },
);

/** Every screen within the shell, in the menu's order; one line each. */
export const screens: Screen[] = [
  {
    path: paths.queue,
    page: lasting(() => import('./screens/queue/screen')),
    may: 'alert.read',
    nav: 'queue',
    personal: true,
  },
  { path: paths.alert, page: lasting(() => import('./screens/alert/screen')), may: 'alert.read', personal: true },
  {
    path: paths.visits,
    page: lasting(() => import('./screens/visits/screen')),
    may: 'visit.pack',
    nav: 'visits',
    personal: true,
  },
  {
    path: paths.notices,
    page: lasting(() => import('./screens/notices/screen')),
    may: 'referral.read',
    nav: 'notices',
    personal: true,
  },
  {
    path: paths.suggestions,
    page: lasting(() => import('./screens/suggestions/screen')),
    may: 'suggestion.read',
    nav: 'suggestions',
    personal: true,
  },
  {
    path: paths.followUp,
    page: lasting(() => import('./screens/follow-up/screen')),
    may: 'alert.work',
    personal: true,
  },
  { path: paths.visit, page: lasting(() => import('./screens/follow-up/screen')), may: 'alert.work', personal: true },
  {
    path: paths.cases,
    page: lasting(() => import('./screens/cases/screen')),
    may: 'case.read',
    nav: 'cases',
    personal: true,
  },
  { path: paths.case, page: lasting(() => import('./screens/cases/one')), may: 'case.read', personal: true },
  {
    path: paths.households,
    page: lasting(() => import('./screens/households/screen')),
    may: 'household.read',
    nav: 'households',
    personal: true,
  },
  {
    path: paths.household,
    page: lasting(() => import('./screens/households/household')),
    may: 'household.read',
    personal: true,
  },
  {
    path: paths.workload,
    page: lasting(() => import('./screens/workload/screen')),
    may: 'alert.assign',
    nav: 'workload',
  },
  { path: paths.board, page: lasting(() => import('./screens/board/screen')), may: 'report.read', nav: 'board' },
  {
    path: paths.boardRows,
    page: lasting(() => import('./screens/board-rows/screen')),
    may: 'report.read',
    personal: true,
  },
  {
    path: paths.referrals,
    page: lasting(() => import('./screens/referrals/screen')),
    may: 'referral.read',
    nav: 'referrals',
    personal: true,
  },
  {
    path: paths.quiets,
    page: lasting(() => import('./screens/quiets/screen')),
    may: 'alert.assign',
    nav: 'quiets',
    personal: true,
  },
  {
    path: paths.exchange,
    page: lasting(() => import('./screens/exchange/screen')),
    may: 'report.export',
    nav: 'exchange',
    personal: true,
  },
  { path: paths.nights, page: lasting(() => import('./screens/nights/screen')), may: 'run.read', nav: 'nights' },
  { path: paths.rules, page: lasting(() => import('./screens/rules/screen')), may: 'policy.read', nav: 'rules' },
  { path: paths.limits, page: lasting(() => import('./screens/rules/limits')), may: 'policy.read' },
  { path: paths.rule, page: lasting(() => import('./screens/rules/one')), may: 'policy.read' },
  { path: paths.audit, page: lasting(() => import('./screens/audit/screen')), may: 'audit.read', nav: 'audit' },
  { path: paths.system, page: lasting(() => import('./screens/system/screen')), may: 'policy.read', nav: 'system' },
  { path: paths.account, page: lasting(() => import('./screens/account/screen')) },
];

/** Have the code of the screen at an address fetched before anything of it is drawn. */
export async function beginAt(pathname: string): Promise<void> {
  await screens.find((one) => matchPath(one.path, pathname) !== null)?.page.begin();
}

/** Where each role begins: the first screen of the menu that is open to it and holds work; notices only lead to some. */
export function home(actions: string[]): string {
  const works = screens.filter((one) => one.nav !== undefined && one.nav !== 'notices');
  const first = works.find((one) => one.may === undefined || actions.includes(one.may));
  return first?.path ?? paths.account;
}
