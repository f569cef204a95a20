import { describe, expect, it } from 'vitest'
import type { Alarm, Station } from '../api/stations'
import type { CaseRow } from '../api/types'
import type { Feature, Features } from '../api/waters'
import { bounds, caseFeatures, layered, LAYERS, nearest, rivers, spread, stationFeatures } from './layers'

const name = { zh: '甲', en: 'a' }
const at = (id: string, group: string, coordinates: [number, number]): Feature => ({ type: 'Feature', id, geometry: { type: 'Point', coordinates }, properties: { id, name, group, approximate: true } })
const station = { id: 'S3', name, at: [106.78, 28.61], approximate: true, remark: null } as unknown as Station
const row = (number: string, place: string | null): CaseRow => ({ number, title: '事', place }) as unknown as CaseRow

describe('the layers of the map', () => {
  it('tell themselves apart by their sign alone', () => {
    const signs = Object.values(LAYERS).map((layer) => layer.sign)
    expect(new Set(signs).size).toBe(signs.length)
  })
  it('put a case at the station whose alarm opened it, else at its town, and say which have no place', () => {
    const alarms = [{ place: 'S3', incident: { id: '1', number: 'IN-1' } }] as unknown as Alarm[]
    const { features, unplaced } = caseFeatures('incident', [row('IN-1', '石角镇'), row('IN-2', '石角镇'), row('IN-3', null)], [{ name: '石角镇', at: [106.75, 28.92] }], [station], alarms)
    expect(features.map((one) => one.geometry.coordinates)).toEqual([[106.78, 28.61], [106.75, 28.92]])
    expect(features.every((one) => one.properties.approximate)).toBe(true)
    expect(unplaced.map((one) => one.number)).toEqual(['IN-3'])
  })
  it('show a station once', () => {
    const waters: Features = { type: 'FeatureCollection', features: [at('S3', 'section', [106.78, 28.61])] }
    expect(stationFeatures([station, { ...station, id: 'A1' }], waters).map((one) => one.id)).toEqual(['A1'])
  })
  it('lay points of the same place beside each other and leave others where they are', () => {
    const features = [at('a', 'source', [1, 1]), at('b', 'source', [1, 1]), at('c', 'source', [2, 2])]
    const [a, b, c] = spread(features).map((one) => one.geometry.coordinates)
    expect(a).not.toEqual(b)
    expect(c).toEqual([2, 2])
    expect(bounds(features)).toEqual([1, 1, 2, 2])
    expect(bounds([])).toBeNull()
    expect(layered([...features, at('d', 'elsewhere', [1, 1])]).source).toEqual(features)
  })
  it('draw the reaches of a river as one line from afar, and know which one was meant', () => {
    const reach = (id: string, water: string, ...coordinates: [number, number][]): Feature => ({ type: 'Feature', id, geometry: { type: 'LineString', coordinates }, properties: { id, name, group: 'reach', approximate: true, water } })
    // Two heads of the Qi meet, the Pu comes in below them; a ring of the Wan has no head.
    const reaches = [
      reach('q3', '綦江', [2, 2], [3, 2]), reach('q1', '綦江', [0, 2], [2, 2]), reach('q2', '綦江', [2, 0], [2, 2]), reach('q4', '綦江', [3, 2], [4, 2]),
      reach('p1', '蒲河', [3, 0], [3, 1]), reach('p2', '蒲河', [3, 1], [3, 2]),
      reach('w1', '湾', [7, 7], [8, 8]), reach('w2', '湾', [8, 8], [7, 7]),
    ]
    const drawn = rivers(reaches).map((one) => JSON.stringify(one.geometry.coordinates))
    expect(drawn).toEqual(['[[2,2],[3,2],[4,2]]', '[[0,2],[2,2]]', '[[2,0],[2,2]]', '[[3,0],[3,1],[3,2]]', '[[7,7],[8,8],[7,7]]'])
    expect(nearest(reaches, [3.4, 2.1])?.id).toBe('q4')
    expect(nearest([], [3.4, 2.1])).toBeUndefined()
  })
})
