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

/** Features of a layer, by name. */
export function of(layer: Layer, features: Feature[]): Feature[] { return features.filter((feature) => feature.properties.group === layer) }

/** West, south, east, north of features; null of none. */
export function bounds(features: Feature[]): [number, number, number, number] | null {
  const all = features.flatMap(({ geometry }) => geometry.type === 'Point' ? [geometry.coordinates] : geometry.type === 'LineString' ? geometry.coordinates : geometry.type === 'Polygon' ? geometry.coordinates.flat() : geometry.coordinates.flat(2))
  if (all.length === 0) return null
  const [xs, ys] = [all.map(([x]) => x), all.map(([, y]) => y)]
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)]
}

/** Points at the same place beside each other in a small ring, so that each can be seen: towns stand for many sources. */
export function spread(features: Feature[], degrees = 0.004): Feature[] {
  const groups = new Map<string, Feature[]>()
  for (const feature of features) {
    if (feature.geometry.type !== 'Point') continue
    const key = feature.geometry.coordinates.map((n) => n.toFixed(4)).join(' ')
    groups.set(key, [...(groups.get(key) ?? []), feature])
  }
  return features.map((feature) => {
    if (feature.geometry.type !== 'Point') return feature
    const [x, y] = feature.geometry.coordinates
    const group = groups.get([x, y].map((n) => n.toFixed(4)).join(' ')) ?? []
    const turn = (2 * Math.PI * group.indexOf(feature)) / group.length
    return group.length < 2 ? feature : { ...feature, geometry: { type: 'Point', coordinates: [x + degrees * Math.cos(turn), y + degrees * Math.sin(turn)] } }
  })
}
