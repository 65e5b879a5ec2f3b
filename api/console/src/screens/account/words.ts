import { catalogue } from '../../words/catalogue';

export const words = catalogue({ title: '我的账号' }, { title: 'My account' });
