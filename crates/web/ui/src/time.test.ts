import { describe, expect, it } from 'vitest'
import { day, due, fromInput, minute, second, span, toInput, weekday } from './time'

describe('times are those of the district, whatever the computer is set to', () => {
  it('shows UTC+08:00', () => {
    expect(minute('2026-11-23T16:30:05Z')).toBe('2026-11-24 00:30')
    expect(second('2026-11-23T16:30:05Z')).toBe('2026-11-24 00:30:05')
    expect(day('2026-12-31T16:00:00Z')).toBe('2027-01-01')
    expect(weekday('2026-11-22T16:00:00Z', 'zh')).toBe('周一')
  })
  it('shows nothing for nothing', () => {
    expect([day(null), minute(undefined), second('no time'), due(null, 'zh')]).toEqual(['', '', '', ''])
  })
  it('shows a date that ends with its day as the day, anything else to the minute', () => {
    expect(due('2026-11-25T15:59:59.999Z', 'zh')).toBe('2026-11-25 周三')
    expect(due('2026-11-25T07:00:00Z', 'en')).toBe('2026-11-25 15:00 Wed')
  })
  it('reads back what it wrote into a field', () => {
    const input = toInput('2026-02-10T01:30:00Z')
    expect(input).toBe('2026-02-10T09:30')
    expect(fromInput(input)).toBe('2026-02-10T09:30:00+08:00')
    expect(fromInput('yesterday')).toBeNull()
    expect(fromInput('2026-13-40T09:30')).toBeNull()
  })
})

describe('a length of time', () => {
  it.each([[0, '0 秒'], [59, '59 秒'], [61, '1 分 1 秒'], [3600, '1 小时'], [90_000, '1 天 1 小时'], [-5, '0 秒']])('%d s is %s', (seconds, words) => {
    expect(span(seconds, 'zh')).toBe(words)
  })
  it('is said in English too', () => { expect(span(183_600, 'en')).toBe('2 d 3 h') })
})
