// Times as the office reads them: always the district's zone, UTC+08:00, whatever the computer is set to. Pure.

const ZONE_MINUTES = 8 * 60

/** Fields of an instant in the district's zone. */
function local(instant: string | number | Date): Date | null {
  const date = new Date(instant)
  // The shifted date is read with the UTC getters only.
  return Number.isNaN(date.getTime()) ? null : new Date(date.getTime() + ZONE_MINUTES * 60_000)
}

const two = (n: number): string => String(n).padStart(2, '0')

/** `2026-11-23`. Empty for no or an unreadable instant. */
export function day(instant: string | number | Date | null | undefined): string {
  const d = instant === null || instant === undefined ? null : local(instant)
  return d ? `${String(d.getUTCFullYear())}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())}` : ''
}

/** `2026-11-23 09:30`. */
export function minute(instant: string | number | Date | null | undefined): string {
  const d = instant === null || instant === undefined ? null : local(instant)
  return d ? `${day(instant)} ${two(d.getUTCHours())}:${two(d.getUTCMinutes())}` : ''
}

/** `2026-11-23 09:30:05`. */
export function second(instant: string | number | Date | null | undefined): string {
  const d = instant === null || instant === undefined ? null : local(instant)
  return d ? `${minute(instant)}:${two(d.getUTCSeconds())}` : ''
}

const WEEKDAYS = { zh: ['周日', '周一', '周二', '周三', '周四', '周五', '周六'], en: ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] }

/** Day of the week in the district's zone. */
export function weekday(instant: string | number | Date, language: 'zh' | 'en'): string {
  const d = local(instant)
  return d ? (WEEKDAYS[language][d.getUTCDay()] ?? '') : ''
}

/**
 * A due date for people: a day that ends at 23:59:59 is shown as the day with its weekday, anything else to the minute.
 */
export function due(instant: string | null | undefined, language: 'zh' | 'en'): string {
  const d = instant ? local(instant) : null
  if (!d || !instant) return ''
  const endOfDay = d.getUTCHours() === 23 && d.getUTCMinutes() === 59
  return `${endOfDay ? day(instant) : minute(instant)} ${weekday(instant, language)}`
}

/** Value of `<input type="datetime-local">` for an instant. */
export function toInput(instant: string | number | Date | null | undefined): string {
  return minute(instant).replace(' ', 'T')
}

/** The instant, with its zone written out, that a `datetime-local` value means in the district. Null if unreadable. */
export function fromInput(value: string): string | null {
  const match = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})(:\d{2})?/.exec(value)
  if (!match) return null
  const text = `${match[1] ?? ''}T${match[2] ?? ''}${match[3] ?? ':00'}+08:00`
  return Number.isNaN(Date.parse(text)) ? null : text
}

/** A length of time since or until, short: `3 天 2 小时`. */
export function span(seconds: number, language: 'zh' | 'en'): string {
  const whole = Math.max(0, Math.round(seconds))
  const parts: [number, string, string][] = [
    [Math.floor(whole / 86400), '天', 'd'], [Math.floor((whole % 86400) / 3600), '小时', 'h'],
    [Math.floor((whole % 3600) / 60), '分', 'min'], [whole % 60, '秒', 's'],
  ]
  const first = parts.findIndex(([n]) => n > 0)
  if (first < 0) return language === 'zh' ? '0 秒' : '0 s'
  return parts.slice(first, first + 2).filter(([n]) => n > 0)
    .map(([n, zh, en]) => `${String(n)} ${language === 'zh' ? zh : en}`).join(' ')
}
