// Response plans: the shapes and the questions. A field is saved by an event of the plan's case.
import { ask } from './client'
import { api } from './endpoints'
import type { Accepted, Text } from './types'

export type FieldKind = 'text' | 'date' | 'zone' | 'list'
export type FieldMark = 'empty' | 'begun' | 'saved'
export interface PlanField {
  id: string; title: Text; kind: FieldKind; required: boolean; from: 'law' | 'secondary' | 'customary'; law: string | null; hint: Text | null
  text: string; rev: number; mark: FieldMark; saved_at: string | null; saved_by: string | null; known: string | null
}
export interface Chapter { id: string; title: Text; fields: PlanField[] }
export interface Contact { unit: string; duty: string; post: string; phone: string }
export interface Material { name: string; amount: string; place: string; keeper: string }
export interface PlanTask { key: string; unit: string; unit_name: Text; task: string; before_minutes: number }
export interface Rows<T> { rev: number; rows: T[] }
export interface Completeness { filled: number; of: number; required_filled: number; required: number; missing: string[] }
export interface PlanVersion { n: number; at: string; who: string; what: Text; field: string | null }
export interface Plan {
  case: string; number: string; title: string; source: string; source_name: Text | null; state: string; state_title: Text; predecessor: string
  may_save: boolean; chapters: Chapter[]; contacts: Rows<Contact>; materials: Rows<Material>; tasks: Rows<PlanTask>
  completeness: Completeness; versions: PlanVersion[]
}
export interface FieldText { id: string; title: Text; text: string }
export interface PlanText { version: PlanVersion; fields: FieldText[] }
export type ListName = 'contacts' | 'materials' | 'tasks'

const at = encodeURIComponent

export const planApi = {
  plan: (key: string, signal?: AbortSignal) => ask<Plan>(`/api/cases/${at(key)}/plan`, signal ? { signal } : {}),
  version: (key: string, n: number, signal?: AbortSignal) => ask<PlanText>(`/api/cases/${at(key)}/plan/versions/${String(n)}`, signal ? { signal } : {}),
  begin: (source: string, body: { id: string; unit: string; title: string }) => ask<Accepted>(`/api/sources/${at(source)}/plan`, { method: 'POST', body }),
  saveText: (plan: string, id: string, section: string, text: string, base: number) => api.send(plan, id, 'section.saved', { section, text, base }),
  saveRows: (plan: string, id: string, list: ListName, rows: unknown[], base: number) => api.send(plan, id, `${list}.saved`, { [list]: rows, base }),
}
