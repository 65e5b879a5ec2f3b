import { catalogue } from '../../words/catalogue';

export const words = catalogue(
  {
    title: '接受邀请',
    hint: '邀请一天内有效，只能用一次；过期请联系系统管理员。',
    invitation: '邀请码',
    first: '我是第一位系统管理员',
    login: '登录名',
    password: '新密码',
    again: '再输一次',
    differ: '两次输入的密码不同',
    set: '设置密码',
    done: '密码已设置。',
    signIn: '去登录',
  },
  {
    title: 'Accept an invitation',
    hint: 'An invitation is good once, for a day; ask the administrator for another.',
    invitation: 'Invitation',
    first: 'I am the first administrator',
    login: 'Login',
    password: 'New password',
    again: 'Once more',
    differ: 'The two passwords differ',
    set: 'Set the password',
    done: 'The password is set.',
    signIn: 'Sign in',
  },
);
