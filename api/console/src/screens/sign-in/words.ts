import { catalogue } from '../../words/catalogue';

export const words = catalogue(
  {
    provider: '用统一身份认证登录',
    invited: '收到邀请，第一次登录',
    idle: '三十分钟不操作会自动退出；未提交的草稿仍保存在本机。连续五次输错密码，账号锁定半小时。',
  },
  {
    provider: 'Sign in by your unit',
    invited: 'I was invited: first sign-in',
    idle: 'After thirty idle minutes you are signed out; drafts stay on this device. Five wrong passwords lock the account for half an hour.',
  },
);
