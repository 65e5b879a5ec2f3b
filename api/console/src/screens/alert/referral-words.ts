import { catalogue } from '../../words/catalogue';

/** The codes by which something is referred to another department. */
export const referrals = catalogue(
  {
    RF_MED: '转医疗救助',
    RF_EDU: '转教育救助',
    RF_HOU: '转住房救助',
    RF_EMP: '转就业援助',
    RF_DIS: '转残疾人两补/康复',
    RF_DST: '转受灾救助',
    RF_CHD: '转困境儿童保障',
    RF_ELD: '转养老/探访服务',
    RF_CHA: '转慈善帮扶',
    RF_UNI: '转工会帮扶',
    RF_VET: '转退役军人帮扶',
    RF_LAW: '转法律援助',
    RF_AGR: '转农业农村帮扶',
    RF_PSY: '转心理服务',
  },
  {
    RF_MED: 'Medical assistance',
    RF_EDU: 'Education',
    RF_HOU: 'Housing',
    RF_EMP: 'Work',
    RF_DIS: 'Disability',
    RF_DST: 'Disaster relief',
    RF_CHD: 'Children',
    RF_ELD: 'Elderly care',
    RF_CHA: 'Charity',
    RF_UNI: 'Union',
    RF_VET: 'Veterans',
    RF_LAW: 'Legal aid',
    RF_AGR: 'Rural support',
    RF_PSY: 'Counselling',
  },
);
