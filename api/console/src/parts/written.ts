import type { Language } from '../words/catalogue';

const DAY_MS = 86_400_000;
const ZONE = 'Asia/Shanghai';
const WEEKDAYS = { zh: '日一二三四五六', en: ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] } as const;
const CLOCK = new Intl.DateTimeFormat('sv-SE', {
  timeZone: ZONE,
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
});

/** 2026-03-18（周三）: a day as people here read it. */
export function writtenDay(day: string, language: Language): string {
  const at = new Date(`${day}T00:00:00Z`).getUTCDay();
  return language === 'zh' ? `${day}（周${WEEKDAYS.zh[at]}）` : `${day} (${WEEKDAYS.en[at]})`;
}

/** 2026-03-18 09:12: an instant in the city's time. */
export function writtenInstant(instant: string | Date): string {
  return CLOCK.format(typeof instant === 'string' ? new Date(instant) : instant);
}

/** Today in the city, as YYYY-MM-DD, by the device's clock. */
export function cityToday(): string {
  return writtenInstant(new Date()).slice(0, 10);
}

/** The day before a day, both as YYYY-MM-DD. */
export function dayBefore(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) - DAY_MS).toISOString().slice(0, 10);
}

/** 1,234.50 or 1,235: money in yuan, cents only where asked for. */
export function writtenMoney(yuan: number, cents = false): string {
  const digits = cents ? 2 : 0;
  return yuan.toLocaleString('zh-CN', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** 1,234: a count. */
export function writtenCount(count: number): string {
  return count.toLocaleString('zh-CN');
}

/** Whether results are of last night or of today: older ones are not, whatever the latest scan says of itself. */
export function isRecent(day: string | null): boolean {
  return day !== null && day >= dayBefore(cityToday());
}
