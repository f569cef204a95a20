// Stations, series, alarms: the shapes and the questions, as /api/openapi.json documents them.
import { ask } from './client'
import { query } from './endpoints'
import type { Text } from './types'

export type StationLink = 'up' | 'late' | 'silent' | 'never' | 'maintenance'
export type SeriesKind = 'real' | 'minutes' | 'hour' | 'day'

export interface Limit {
  standard: string; clause: string; class: string; unit: string
  least: number | null; most: number | null
  counts_for: string | null; confidence: string; remark: Text | null
}
export interface Reading { kind: SeriesKind; value: number; flag: string; observed_at: string; received_at: string; age_s: number; beyond: boolean }
export interface Parameter { pollutant: string; name: Text; unit: string; every_s: number; reading: Reading | null; limit: Limit | null }
export interface Station {
  id: string; name: Text; kind: string; place: Text; at: [number, number]; approximate: boolean
  water: string | null; class: string | null
  link: StationLink; last_received_at: string | null; last_age_s: number | null
  maintenance: Text | null; remark: Text | null; open_alarms: number; parameters: Parameter[]
}
export interface DemoSpill { station: string; pollutant: string; value: number }
export interface StationList { now: string; doors: boolean; demo: DemoSpill[] | null; rows: Station[] }

export interface Point {
  at: string; until: string | null; low: number; high: number; count: number; flag: string
  quality: 'good' | 'suspect' | 'bad' | null; reason: Text | null
}
export interface LimitSpan { from: string; until: string; limit: Limit }
export interface Series {
  station: string; pollutant: string; name: Text; unit: string; kind: SeriesKind
  from: string; until: string; total: number; reduced: boolean; part_s: number | null; note: Text
  points: Point[]; limits: LimitSpan[]
}

export interface AlarmCommand { what: 'raised' | 'worse' | 'cleared'; state: 'waiting' | 'done' | 'refused'; answer: string | null; made_at: string; done_at: string | null }
export interface Evidence { station: string; pollutant: string; name: Text; value: number | null; unit: string; against: string; observed_at: string }
export interface Alarm {
  id: string; rule: string; rule_name: Text; severity: 'notice' | 'warning' | 'severe'; place: string; place_name: Text
  started_at: string; ended_at: string | null; reason: Text; evidence: Evidence[]
  incident: { id: string; number: string } | null; incident_hidden: boolean
  commands: AlarmCommand[]; todo: Text | null
}
export interface AlarmList { now: string; rows: Alarm[]; more: boolean }

export interface WhyRule { rule: string; name: Text; severity: string; why: string; words: Text }
export interface Why { station: string; pollutant: string; now: string; followed: boolean; rules: WhyRule[] }

const at = encodeURIComponent
const with_ = (signal?: AbortSignal): { signal?: AbortSignal } => (signal ? { signal } : {})

export const stationApi = {
  list: (signal?: AbortSignal) => ask<StationList>('/api/stations', with_(signal)),
  one: (id: string, signal?: AbortSignal) => ask<Station>(`/api/stations/${at(id)}`, with_(signal)),
  series: (id: string, which: { pollutant: string; kind: string; from: string; until?: string; points?: number }, signal?: AbortSignal) =>
    ask<Series>(`/api/stations/${at(id)}/series${query(which)}`, with_(signal)),
  why: (id: string, pollutant: string) => ask<Why>(`/api/stations/${at(id)}/why${query({ pollutant })}`),
  alarms: (which: { state?: string; station?: string; limit?: number; offset?: number }, signal?: AbortSignal) =>
    ask<AlarmList>(`/api/alarms${query(which)}`, with_(signal)),
  spill: (spill: DemoSpill) => ask<StationList>('/api/stations/spills', { method: 'POST', body: spill }),
  calm: () => ask<StationList>('/api/stations/spills', { method: 'DELETE' }),
}
