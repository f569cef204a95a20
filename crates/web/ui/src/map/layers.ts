// What the map shows, layer by layer: sign, colour, and which features belong to it. Pure; drawing is WatersMap.vue's.
import type { Alarm, Station } from '../api/stations'
import type { CaseRow, Text } from '../api/types'
import type { Feature, Features, Position, Town } from '../api/waters'

export type Layer = 'reach' | 'zone' | 'source' | 'section' | 'station' | 'risk' | 'facility' | 'depot' | 'incident' | 'complaint'
/** Sign and colour; the sign alone tells them apart. In the order in which they lie on each other, the lowest first. */
export const LAYERS: Record<Layer, { sign: string; color: string }> = {
  zone: { sign: '▨', color: '#17643a' },
  reach: { sign: '━', color: '#2b6ca8' },
  depot: { sign: '▣', color: '#55606b' },
  facility: { sign: '◆', color: '#0d6b6b' },
  station: { sign: '◎', color: '#134a7c' },
  section: { sign: '■', color: '#134a7c' },
  risk: { sign: '▲', color: '#8a5300' },
  source: { sign: '●', color: '#0b5394' },
  complaint: { sign: '✚', color: '#5b3f78' },
  incident: { sign: '★', color: '#a61b1b' },
}
export const ORDER = Object.keys(LAYERS) as Layer[]

function point(id: string, name: Text, group: Layer, at: Position, approximate: boolean, more: Partial<Feature['properties']> = {}): Feature {
  return { type: 'Feature', id, geometry: { type: 'Point', coordinates: at }, properties: { id, name, group, approximate, ...more } }
}

/** Stations that are no section of the network already. */
export function stationFeatures(stations: Station[], waters: Features): Feature[] {
  const there = new Set(waters.features.map((feature) => feature.properties.id))
  return stations.filter((station) => !there.has(station.id)).map((station) => point(station.id, station.name, 'station', station.at, station.approximate, { remark: station.remark }))
}

const both = (text: string): Text => ({ zh: text, en: text })

/** Open cases where they are: at the station whose alarm opened them, else at the centre of their town; and those that have no place. */
export function caseFeatures(layer: 'incident' | 'complaint', cases: CaseRow[], towns: Town[], stations: Station[] = [], alarms: Alarm[] = []): { features: Feature[]; unplaced: CaseRow[] } {
  const features: Feature[] = []
  const unplaced: CaseRow[] = []
  for (const row of cases) {
    const alarm = alarms.find((one) => one.incident?.number === row.number)
    const station = stations.find((one) => one.id === alarm?.place)
    const at = station?.at ?? towns.find((town) => town.name === row.place)?.at
    if (at) features.push(point(row.number, both(`${row.number} ${row.title}`), layer, at, true, { town: row.place }))
    else unplaced.push(row)
  }
  return { features, unplaced }
}

/** Features by their layer; those of no layer that there is are left out. */
export function layered(features: Feature[]): Record<Layer, Feature[]> {
  const by = Object.fromEntries(ORDER.map((layer) => [layer, [] as Feature[]])) as Record<Layer, Feature[]>
  for (const feature of features) by[feature.properties.group as Layer]?.push(feature)
  return by
}

/** Reaches of one water that follow each other as one line each: what is drawn from afar, where no reach can be told from the next. */
export function rivers(reaches: Feature[]): Feature[] {
  const key = ([x, y]: Position): string => `${x} ${y}`
  const lines = reaches.flatMap(({ geometry, properties }) => geometry.type === 'LineString' ? [{ line: geometry.coordinates, water: properties.water ?? properties.id, properties }] : [])
  const [from, into] = [new Map(lines.map((one) => [`${one.water} ${key(one.line[0] as Position)}`, one])), new Map<string, number>()]
  const end = (one: (typeof lines)[number]): string => `${one.water} ${key(one.line.at(-1) as Position)}`
  for (const one of lines) into.set(end(one), (into.get(end(one)) ?? 0) + 1)
  const drawn = new Set<(typeof lines)[number]>()
  const follow = (first: (typeof lines)[number]): Feature => {
    const coordinates = [...first.line]
    drawn.add(first)
    for (let next = from.get(end(first)); next && !drawn.has(next); next = from.get(end(next))) { coordinates.push(...next.line.slice(1)); drawn.add(next) }
    return { type: 'Feature', geometry: { type: 'LineString', coordinates }, properties: first.properties }
  }
  const heads = lines.filter((one) => (into.get(`${one.water} ${key(one.line[0] as Position)}`) ?? 0) !== 1)
  // A ring has no head: it begins anywhere.
  return [...heads, ...lines].flatMap((one) => drawn.has(one) ? [] : [follow(one)])
}

/** The reach that is nearest to a place: of a river that was drawn as one line, the one that was meant. */
export function nearest(reaches: Feature[], [x, y]: Position): Feature | undefined {
  // From the middle of each, east and north alike: a degree of longitude is shorter than one of latitude.
  const narrow = Math.cos((y * Math.PI) / 180)
  let [best, least]: [Feature | undefined, number] = [undefined, Infinity]
  for (const reach of reaches) {
    if (reach.geometry.type !== 'LineString') continue
    const [a, b] = [reach.geometry.coordinates[0] as Position, reach.geometry.coordinates.at(-1) as Position]
    const away = Math.hypot(((a[0] + b[0]) / 2 - x) * narrow, (a[1] + b[1]) / 2 - y)
    if (away < least) [best, least] = [reach, away]
  }
  return best
}

/** West, south, east, north of features; null of none. */
export function bounds(features: Feature[]): [number, number, number, number] | null {
  const around: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity]
  const take = ([x, y]: Position): void => {
    around[0] = Math.min(around[0], x); around[1] = Math.min(around[1], y)
    around[2] = Math.max(around[2], x); around[3] = Math.max(around[3], y)
  }
  for (const { geometry } of features) {
    if (geometry.type === 'Point') take(geometry.coordinates)
    else if (geometry.type === 'LineString') geometry.coordinates.forEach(take)
    else if (geometry.type === 'Polygon') geometry.coordinates.flat().forEach(take)
    else geometry.coordinates.flat(2).forEach(take)
  }
  return around[0] === Infinity ? null : around
}

/** Points at the same place beside each other in a small ring, so that each can be seen: towns stand for many sources. */
export function spread(features: Feature[], degrees = 0.004): Feature[] {
  const key = ([x, y]: Position): string => `${x.toFixed(4)} ${y.toFixed(4)}`
  const there = new Map<string, number>()
  for (const { geometry } of features) if (geometry.type === 'Point') there.set(key(geometry.coordinates), (there.get(key(geometry.coordinates)) ?? 0) + 1)
  const laid = new Map<string, number>()
  return features.map((feature) => {
    if (feature.geometry.type !== 'Point') return feature
    const [x, y] = feature.geometry.coordinates
    const place = key([x, y])
    const [all, before] = [there.get(place) ?? 1, laid.get(place) ?? 0]
    laid.set(place, before + 1)
    const turn = (2 * Math.PI * before) / all
    return all < 2 ? feature : { ...feature, geometry: { type: 'Point', coordinates: [x + degrees * Math.cos(turn), y + degrees * Math.sin(turn)] } }
  })
}
