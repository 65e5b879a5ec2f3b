import { language } from './catalogue';

const chinese = (): boolean => language.get() === 'zh';

/** A label before what it labels. */
export function labelled(label: string): string {
  return chinese() ? `${label}：` : `${label}: `;
}

/** Something said aside, in brackets. */
export function aside(text: string | number): string {
  return chinese() ? `（${text}）` : ` (${text})`;
}

/** What stands between things that are listed. */
export function comma(): string {
  return chinese() ? '、' : ', ';
}
