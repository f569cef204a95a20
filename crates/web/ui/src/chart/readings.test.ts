import { describe, expect, it } from 'vitest'
import type { Limit, Point, Series } from '../api/stations'
import { begin, figure, isBeyond, limitWords, line, markOf, options } from './readings'

const limit: Limit = { standard: 'GB 3838-2002', clause: '', class: 'Ⅲ', unit: 'mg/L', least: null, most: 1, counts_for: null, confidence: 'V', remark: null }
const point = (at: string, low: number, more: Partial<Point> = {}): Point => ({ at, until: null, low, high: low, count: 1, flag: 'N', quality: 'good', reason: null, ...more })
function series(points: Point[], more: Partial<Series> = {}): Series {
  const [from, until] = ['2026-11-30T00:00:00Z', '2026-11-30T10:00:00Z']
  return { station: 'S3', pollutant: 'w21003', name: { zh: '氨氮', en: 'ammonia' }, unit: 'mg/L', kind: 'real', from, until, total: points.length, reduced: false, part_s: null, note: { zh: '', en: '' }, points, limits: [{ from, until, limit }], ...more }
}

describe('a series on a chart', () => {
  it('marks what breaks the limit, and holds against it only what is a measurement of its kind and unit', () => {
    const over = point('2026-11-30T01:00:00Z', 8)
    expect(markOf(series([over]), over)).toBe('beyond')
    expect(markOf(series([over]), { ...over, flag: 'D' })).toBe('bad')
    expect(markOf(series([over]), { ...over, low: 0.5, high: 0.5, quality: 'suspect' })).toBe('suspect')
    expect(isBeyond(series([over], { unit: 'µg/L' }), over)).toBe(false)
    expect(isBeyond(series([over], { limits: [{ from: '2026-11-30T02:00:00Z', until: '2026-11-30T10:00:00Z', limit }] }), over)).toBe(false)
    expect(isBeyond(series([over], { limits: [{ from: '2026-11-30T00:00:00Z', until: '2026-11-30T10:00:00Z', limit: { ...limit, counts_for: 'day' } }] }), over)).toBe(false)
    const oxygen = { ...limit, most: null, least: 5 }
    expect(isBeyond(series([over], { limits: [{ from: '2026-11-30T00:00:00Z', until: '2026-11-30T10:00:00Z', limit: oxygen }] }), point(over.at, 4))).toBe(true)
  })
  it('draws both extremes of a part and leaves out what is no measurement', () => {
    const parts = [point('2026-11-30T01:00:00Z', 0.2, { until: '2026-11-30T02:00:00Z', high: 9, count: 60 }), point('2026-11-30T03:00:00Z', 5, { flag: 'M' })]
    expect(line(series(parts)).map(([, value]) => value)).toEqual([0.2, 9])
  })
  it('shows the time of the district and begins where the readings begin', () => {
    const late = series([point('2026-11-30T09:00:00Z', 0.2)])
    expect(new Date(begin(late)).toISOString() > '2026-11-30T16:50:00').toBe(true)
    expect(new Date(begin(series([point('2026-11-30T01:00:00Z', 0.2)]))).toISOString()).toBe('2026-11-30T08:00:00.000Z')
  })
  it('leaves room for a limit that no reading comes near', () => {
    const words = { mark: (mark: string) => mark, tip: () => '' }
    const made = options(series([point('2026-11-30T01:00:00Z', 0.1)]), words) as { yAxis: { max: number } }
    expect(made.yAxis.max).toBeGreaterThan(1)
    expect(options(series([], { limits: [] }), words)).toBeTruthy()
  })
  it('writes figures with the digits that matter', () => {
    expect([figure(8.00048), figure(0.199412), figure(12345.6), figure(8.00048, 6), figure(-0.00001234), figure(0)]).toEqual(['8', '0.1994', '12346', '8.00048', '-0.00001234', '0'])
  })
  it('writes limits as the standard means them', () => {
    expect([limit, { ...limit, least: 5, most: null }, { ...limit, least: 6, most: 9 }].map(limitWords)).toEqual(['≤ 1', '≥ 5', '6–9'])
  })
})
