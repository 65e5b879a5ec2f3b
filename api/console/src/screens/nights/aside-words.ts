import { catalogue } from '../../words/catalogue';

/** Households that a night could not judge. */
export const words = catalogue(
  {
    title: '未能判定的户',
    nobody: '最近一次扫描判定了所有户。',
    meaning: (n: number) => `最近一次扫描有 ${n} 户因数据异常未能判定，已单独搁置：原有预警不变，也不会因此解除。`,
    who: '搁置编号',
    since: '自何时起',
    why: '在哪一步',
    where: '错误种类与位置',
    reference: (n: number) => `搁置 ${n}`,
    nights: (n: number) => `（连续 ${n} 夜）`,
    judge: '计算指标或判定规则时',
    settle: '写入预警时',
    toDo: '怎么办',
    doData: '请市级主管按户编号打开家庭档案，核对该户登记和近期部门数据，由提供数据的部门更正。',
    doSettle: '写入时出错的，请系统管理员运行 lowincome doctor，再把错误种类与位置报运维。',
    doRule: '同一位置有多户的，多半是指标或规则有误：请政策人员运行 lowincome policy check。',
    doAgain: '更正后不必手工处理：下一次扫描会照常判定，该户自动从本表消失。',
    hidden: '户编号属个人信息，只有管辖该户的人员能看到；请把搁置编号告诉市级主管。',
  },
  {
    title: 'Households not judged',
    nobody: 'The newest scan judged every household.',
    meaning: (n: number) =>
      `The newest scan could not judge ${n} households whose data broke it. They were set aside: their alerts stand, nothing is cleared.`,
    who: 'Reference',
    since: 'Since',
    why: 'At what step',
    where: 'Kind of error, and where',
    reference: (n: number) => `No. ${n}`,
    nights: (n: number) => ` (${n} nights in a row)`,
    judge: 'computing indicators or judging rules',
    settle: 'writing the alert',
    toDo: 'What to do',
    doData:
      'A city supervisor opens the household by its number, checks its register and recent deliveries, and has the agency correct them.',
    doSettle:
      'Where writing broke, an administrator runs lowincome doctor and reports the kind of error and its place.',
    doRule: 'Several at one place mostly mean a wrong indicator or rule: policy staff run lowincome policy check.',
    doAgain: 'Then nothing needs to be done by hand: the next scan judges them and they leave this table.',
    hidden:
      'A household’s number is personal data and shown to who manages it only: tell the city supervisor the reference.',
  },
);
