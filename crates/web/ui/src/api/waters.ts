// Drinking-water sources and the waters around them: the shapes and the questions.
import { ask } from './client'
import type { Text } from './types'

export type SourceState = 'in-use' | 'planned' | 'inferred'
export interface NextPlan { state: string; title: Text; number: string | null }
export interface PlanState { state: string; title: Text; in_force: boolean; number: string | null; next: NextPlan | null }
export interface Zone { level: 'first' | 'second' | 'quasi'; name: Text; text: Text; approval: string | null; approximate: boolean; provenance: Text | null; drawn: boolean }
export interface SourceRow {
  id: string; name: Text; kind: string; state: SourceState; town: string | null; water: string | null
  at: [number, number] | null; approximate: boolean; provenance: Text; on_network: boolean; remark: Text | null; population: number | null; backup: Text | null; plan: PlanState | null
}
export interface Town { name: string; at: [number, number] }
export interface Tiles { url: string; attribution: string }
export interface Gap { number: string | null; owner: Text | null; due_at: string | null }
export interface SourceList { rows: SourceRow[]; covered: number; revision_due: number; gap: Gap | null; towns: Town[]; tiles: Tiles | null }
export interface Upstream {
  id: string; name: Text; town: string | null; kind: string; pollutants: Text[]; stock_kg: number | null; approximate: boolean
  distance_m: number; first_worst_h: number; first_probable_h: number; peak_worst_h: number; peak_probable_h: number; peak_worst_mgl_per_kg: number
}
export interface Facility { id: string; name: Text; kind: string; volume_m3: number | null; distance_m: number }
export interface Depot { id: string; name: Text; materials: string[]; contact: string }
export interface SourcePlace extends SourceRow { place: Text | null; zones: Zone[]; upstream: Upstream[]; facilities: Facility[]; depots: Depot[]; assumptions: Text[] }

/** What the map reads of a feature; the rest of its properties is shown as it is. */
export interface Properties { id: string; name: Text; group: string; approximate: boolean; provenance?: Text; water?: string | null; town?: string | null; remark?: Text | null; level?: string }
export type Position = [number, number]
export interface Feature {
  type: 'Feature'; id?: string
  geometry: { type: 'Point'; coordinates: Position } | { type: 'LineString'; coordinates: Position[] } | { type: 'Polygon'; coordinates: Position[][] } | { type: 'MultiPolygon'; coordinates: Position[][][] }
  properties: Properties
}
export interface Features { type: 'FeatureCollection'; features: Feature[] }

const with_ = (signal?: AbortSignal): { signal?: AbortSignal } => (signal ? { signal } : {})

export const waterApi = {
  sources: (signal?: AbortSignal) => ask<SourceList>('/api/sources', with_(signal)),
  source: (id: string, signal?: AbortSignal) => ask<SourcePlace>(`/api/sources/${encodeURIComponent(id)}`, with_(signal)),
  waters: (signal?: AbortSignal) => ask<Features>('/api/waters', with_(signal)),
}
