// A series as a chart shows it: one line, marks by shape for what is not right, limits as dashed lines. Pure: makes the
// options; who draws them is ReadingsChart.vue.
import type { Limit, Point, Series } from '../api/stations'

/** The chart's axis is in UTC; the district's time is written on it. */
const ZONE_MS = 8 * 3600_000

export type Mark = 'good' | 'beyond' | 'suspect' | 'bad'
/** Shape, colour and sign of each mark; the shape alone tells them apart. */
export const MARKS: Record<Exclude<Mark, 'good'>, { symbol: string; sign: string; color: string }> = {
  beyond: { symbol: 'rect', sign: '■', color: '#a61b1b' },
  suspect: { symbol: 'triangle', sign: '▲', color: '#8a5300' },
  bad: { symbol: 'diamond', sign: '◆', color: '#5b3f78' },
}

/** Whether a figure may be held against a limit at all. */
export function counts(limit: Limit, series: Pick<Series, 'unit' | 'kind'>): boolean {
  return limit.unit === series.unit && (limit.counts_for === null || limit.counts_for === series.kind)
}

export function limitAt(series: Series, at: string): Limit | null {
  const time = Date.parse(at)
  return series.limits.find((span) => Date.parse(span.from) <= time && time < Date.parse(span.until))?.limit ?? null
}

export function isBeyond(series: Series, point: Point): boolean {
  const limit = limitAt(series, point.at)
  if (!limit || !counts(limit, series)) return false
  return (limit.most !== null && point.high > limit.most) || (limit.least !== null && point.low < limit.least)
}

/** What is said of a point: what is no measurement is held against no limit. */
export function markOf(series: Series, point: Point): Mark {
  if (point.flag !== 'N' || point.quality === 'bad') return 'bad'
  if (isBeyond(series, point)) return 'beyond'
  return point.quality === 'suspect' ? 'suspect' : 'good'
}

/** `≤ 1`, `≥ 5`, `6–9`. */
export function limitWords({ least, most }: Limit): string {
  if (least !== null && most !== null) return `${String(least)}–${String(most)}`
  return least !== null ? `≥ ${String(least)}` : `≤ ${String(most)}`
}

/** A figure for people: four digits that matter, or as many as are asked for; whole numbers are whole. */
export function figure(value: number, digits = 4): string { return String(Number(value.toPrecision(Math.max(digits, Math.trunc(Math.abs(value)).toString().length)))) }

const axis = (at: string): number => Date.parse(at) + ZONE_MS

type Pair = [number, number]

/** The line: single readings, or the least and the greatest of each part. What is no measurement is left out. */
export function line(series: Series): Pair[] {
  const pairs: Pair[] = []
  for (const point of series.points) {
    if (markOf(series, point) === 'bad') continue
    pairs.push([axis(point.at), point.low])
    if (point.until !== null && point.high !== point.low) pairs.push([axis(point.until), point.high])
  }
  return pairs
}

/** From when the axis shows: not a wide empty span before the first reading. */
export function begin(series: Series): number {
  const [from, until] = [axis(series.from), axis(series.until)]
  const first = series.points[0]
  if (!first) return from
  const start = axis(first.at)
  return start - from > (until - from) / 2 ? Math.max(from, start - Math.max(60_000, (until - start) * 0.04)) : from
}

/** The options of the chart. `words` puts what is read in the language chosen. */
export function options(series: Series, words: { mark: (mark: Mark) => string; tip: (point: Point) => string }): Record<string, unknown> {
  const values = series.points.flatMap((point) => [point.low, point.high])
  const comparable = series.limits.filter(({ limit }) => limit.unit === series.unit)
  for (const { limit } of comparable) values.push(...[limit.least, limit.most].filter((value) => value !== null))
  const [low, high] = values.length > 0 ? [Math.min(...values), Math.max(...values)] : [0, 1]
  const room = (high - low || Math.abs(high) || 1) * 0.08
  const start = begin(series)
  const lines = comparable.flatMap(({ from, until, limit }) => [limit.most, limit.least].filter((value) => value !== null).map((value) => [
    { coord: [Math.max(axis(from), start), value], label: { show: true, position: 'insideStartTop', color: '#7d1616', formatter: `${value === limit.least ? '≥' : '≤'} ${String(value)} ${limit.unit} · ${limit.standard} ${limit.class}` } },
    { coord: [axis(until), value] },
  ]))
  const marked = (mark: Exclude<Mark, 'good'>): Record<string, unknown> => ({
    type: 'scatter', name: words.mark(mark), symbol: MARKS[mark].symbol, symbolSize: 9, itemStyle: { color: MARKS[mark].color }, z: 4,
    data: series.points.filter((point) => markOf(series, point) === mark).map((point) => ({ value: [axis(point.at), mark === 'beyond' && point.high !== point.low ? point.high : point.low], point })),
  })
  return {
    useUTC: true, animation: false,
    grid: { left: 12, right: 16, top: 24, bottom: 12, containLabel: true },
    xAxis: { type: 'time', min: start, max: axis(series.until), axisLabel: { hideOverlap: true, color: '#1b2733' } },
    yAxis: { type: 'value', min: low >= 0 ? Math.max(0, low - room) : low - room, max: high + room, name: series.unit, nameTextStyle: { align: 'left', color: '#1b2733' }, axisLabel: { color: '#1b2733', showMaxLabel: false, formatter: (value: number) => figure(value) } },
    tooltip: { trigger: 'item', confine: true, formatter: ({ data }: { data: { point?: Point } }) => data.point ? words.tip(data.point) : '' },
    series: [
      { type: 'line', name: words.mark('good'), data: line(series), showSymbol: false, lineStyle: { color: '#134a7c', width: 1.6 }, itemStyle: { color: '#134a7c' }, silent: true,
        markLine: { silent: true, symbol: 'none', animation: false, lineStyle: { type: 'dashed', color: '#a61b1b', width: 1.4 }, data: lines } },
      // Single readings, invisible until pointed at.
      { type: 'scatter', name: words.mark('good'), symbolSize: 5, itemStyle: { color: '#134a7c', opacity: series.points.length > 150 ? 0 : 1 }, emphasis: { itemStyle: { opacity: 1 } },
        data: series.points.filter((point) => markOf(series, point) === 'good').map((point) => ({ value: [axis(point.at), point.low], point })) },
      marked('suspect'), marked('bad'), marked('beyond'),
    ],
  }
}
