import { catalogue } from '../../words/catalogue';

/** The states of a case's life, in its order. */
export const states = catalogue(
  {
    planning: '制定方案',
    notice: '公示中',
    helping: '帮扶中',
    removal: '拟消除风险',
    removal_notice: '消除公示中',
    removed: '风险已消除',
    questioned: '存疑待核',
    ended: '已结案',
    annulled: '已撤销',
  },
  {
    planning: 'Planning',
    notice: 'On notice',
    helping: 'Being helped',
    removal: 'Removal proposed',
    removal_notice: 'Removal on notice',
    removed: 'Risk removed',
    questioned: 'In doubt',
    ended: 'Ended',
    annulled: 'Annulled',
  },
);
