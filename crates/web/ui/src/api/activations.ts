// The activation board: the shapes and the questions.
import { ask } from './client'
import type { Task, Text } from './types'

export type ActivationState = 'proposed' | 'declined' | 'handing_out' | 'acting' | 'following' | 'summing_up' | 'ended' | 'withdrawn'
export interface PlannedTask { unit_name: Text; task: string; before_minutes: number; given: boolean }
export interface Sample { taken_at: string | null; point: string; pollutant: string; value: number; limit: number; beyond: boolean; who: string }
export interface Activation {
  case: string; number: string; rank: number; source: string; source_name: string; town: string; possible: boolean
  earliest_at: string | null; probable_at: string | null; peak_at: string | null; distance_m: number
  from: string; released_at: string | null; provenance: string; plan: string; from_plan: boolean
  state: ActivationState; state_title: Text; closed: boolean; marks: Text[]; due_at: string | null; due_clock: Text | null
  confirmed_at: string | null; reason: string; lessons: string; late: boolean
  planned: PlannedTask[]; tasks: Task[]; samples: Sample[]
}
export interface ActivationGroup { incident: string; title: string; may_open: boolean; from: Text | null; point_unknown: boolean; activations: Activation[] }
export interface ActivationBoard { at: string; incidents: ActivationGroup[]; more: boolean }
export interface WaterPoint { id: string; title: Text; group: 'risk' | 'section' | 'confluence' | 'facility' | 'source' }

const with_ = (signal?: AbortSignal): { signal?: AbortSignal } => (signal ? { signal } : {})

export const activationApi = {
  board: (incident: string | null, signal?: AbortSignal) =>
    ask<ActivationBoard>(`/api/activations${incident === null ? '' : `?incident=${encodeURIComponent(incident)}`}`, with_(signal)),
  points: () => ask<WaterPoint[]>('/api/waters/points'),
}
