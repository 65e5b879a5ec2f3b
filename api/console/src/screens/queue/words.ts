import { catalogue } from '../../words/catalogue';

export const words = catalogue(
  { title: '预警工作台', alerts: '预警', nothing: '今日没有待办。' },
  { title: 'Queue', alerts: 'Alerts', nothing: 'Nothing waits today.' },
);
