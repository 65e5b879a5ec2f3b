import { catalogue } from '../../words/catalogue';

export const words = catalogue(
  {
    next: '取下一条',
    title: '为什么跳过这条红色预警？',
    hint: (name: string) => `${name}：红色预警可以稍后再办，但须说明原因；原因记入时间线，每条每天只问一次。`,
    keys: '按数字键选择，或用 Tab 与回车；Esc 不跳过。',
    stay: '不跳过',
    taken: (name: string) => `下一条：${name}`,
    none: (skipped: number) =>
      skipped === 0
        ? '没有可办的下一条：本人的和未分派的都已办完。'
        : `没有更多了。已跳过的 ${skipped} 条仍在等待，再按一次从头取。`,
    NOT_HOME: '该户此时不在家',
    TOO_FAR: '今日路线不经过',
    NOT_ALONE: '须两人同行',
    NOT_MINE: '应由他人办理',
    ANOTHER_REASON: '其他（请写入备注）',
  },
  {
    next: 'Take the next',
    title: 'Why is this red alert passed over?',
    hint: (name: string) =>
      `${name}: a red alert may wait, but say why; it stays on the timeline and is asked once a day.`,
    keys: 'Press a number, or Tab and Enter; Esc passes over nothing.',
    stay: 'Do not pass over',
    taken: (name: string) => `Next: ${name}`,
    none: (skipped: number) =>
      skipped === 0
        ? 'Nothing waits for you: what is yours and what nobody has is done.'
        : `There are no more. The ${skipped} passed over still wait: press again to begin with them.`,
    NOT_HOME: 'Nobody is at home now',
    TOO_FAR: "Not on today's way",
    NOT_ALONE: 'A second worker is needed',
    NOT_MINE: "Somebody else's to do",
    ANOTHER_REASON: 'Another (write a note)',
  },
);

export const PASSED = ['NOT_HOME', 'TOO_FAR', 'NOT_ALONE', 'NOT_MINE', 'ANOTHER_REASON'] as const;
