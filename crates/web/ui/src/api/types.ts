// The shapes of the JSON API, as the service documents them in /api/openapi.json. No behaviour.

/** A text for people in both languages. */
export interface Text { zh: string; en: string }
/** What the service or a schema gives where a text stands: both languages, or one string for both. */
export type AnyText = Text | string

export interface FieldError { path: string; message: AnyText }

export type Permission =
  | 'see_cases' | 'open_cases' | 'act_on_cases' | 'attach_files' | 'unmask'
  | 'see_mails' | 'see_assurance' | 'see_metrics' | 'manage_users' | 'see_audit' | 'move_clock' | 'lead_exercise'

export interface Session {
  user: { id: string; name: string; roles: string[]; units: string[]; heads?: string[] }
  csrf: string
  district: { code: string; name: string }
  demo: boolean
  /** This console belongs to an exercise. */
  exercise: boolean
  /** There are exercises below /drill. */
  exercises: boolean
  now: string
  language: string
  permissions: Permission[]
}

/** The part of JSON Schema (with the extras of the workflow language) that forms are drawn from. */
export interface JsonSchema {
  type?: string | string[]
  title?: AnyText
  description?: AnyText
  format?: string
  properties?: Record<string, JsonSchema>
  required?: string[]
  items?: JsonSchema
  enum?: (string | number)[]
  enumTitles?: Record<string, AnyText>
  /** Only units of these relations may be chosen. */
  relations?: string[]
  default?: unknown
  const?: unknown
  minLength?: number
  maxLength?: number
  minimum?: number
  maximum?: number
  minItems?: number
  maxItems?: number
  pattern?: string
  /** The page on which it is shown; none: on the page of the case. */
  'x-page'?: string
  confidential?: 'masked' | 'sealed'
  readOnly?: boolean
}

export interface Workflow {
  name: string
  version: number
  title: Text
  states: { id: string; title: Text; kind: string }[]
  clocks: { name: string; title: Text; basis: string | null; status: string | null }[]
  intake: JsonSchema | null
  /** Schema of the data of a case, where the service gives it: titles of its fields. */
  fields?: Record<string, JsonSchema>
  data?: JsonSchema | null
  may_open: boolean
}

export type Lamp = 'green' | 'yellow' | 'red' | 'grey'

export interface CaseRow {
  id: string
  number: string
  district: string
  workflow: string
  version: number
  title: string
  place: string | null
  category: string | null
  channel: string | null
  active: string[]
  state_titles: Text[]
  owner: string | null
  owner_name: string | null
  owners: string[]
  due_at: string | null
  due_clock: string | null
  due_provisional: boolean
  due_text: AnyText
  overdue: boolean
  marks: string[]
  mark_titles?: Text[]
  lamp: Lamp
  received_at: string
  opened_at: string
  closed_at: string | null
}

export type ClockStatus = 'running' | 'paused' | 'met' | 'late' | 'void'

export interface ClockView {
  clock: string
  title: Text
  run: number
  status: ClockStatus
  started_at: string
  due_at: string | null
  policy_due: string | null
  limit_due: string | null
  given_due: string | null
  provisional: boolean
  basis: string | null
  basis_status: string | null
  remaining_text: AnyText
  paused: boolean
  next_rung: { at: string; what: Text } | null
  derivation: Text[]
}

export interface EventForm { name: string; title: Text; form: JsonSchema | null; prefill: Record<string, unknown> | null }
export interface Attachment { hash: string; name: string; media_type: string; size: number; at: string; by: string }
export interface Paper { n: number; template: string; at: string; names_petitioner?: boolean }
/** Somebody who may sign in, as the administrator sees them. */
export interface Account { id: string; login: string; name: string; roles: string[]; units: string[]; heads: string[]; language: string; active: boolean }
export interface AuditLine { id: number; at: string; user_id: string; user_name: string; action: string; case_id: string | null; case_number: string | null; reason: string }
export interface OwnSession { opened_at: string; expires_at: string; here: boolean }

export interface CasePage extends CaseRow {
  data: Record<string, unknown>
  masked: string[]
  clocks: ClockView[]
  events: EventForm[]
  links: { link: string; case: string; number: string; state_titles: Text[]; may_open: boolean }[]
  attachments: Attachment[]
  documents?: Paper[]
  may_unmask: boolean
}

export interface ReportElement { name: string; title: Text; text: string; drafted: boolean; missing: boolean }
export interface Report { kind: 'initial' | 'followup' | 'final'; title: Text; basis: string; sent_at: string | null; elements: ReportElement[]; missing: Text[] }
export interface Task {
  case: string; number: string; task: string; unit_name: Text; handler: string; due_at: string | null
  state: string; state_title: Text; overdue: boolean; late: boolean; result: string; may_open: boolean
}
export interface Warning { identifier: string; kind: 'alert' | 'update' | 'cancel'; sent: string; headline: string; approval: string; href: string }
/** What the command page of an incident needs beside the case. */
export interface Incident {
  case: string; number: string; exercise: boolean; reports: Report[]; tasks: Task[]; warnings: Warning[]; petitions: string[]; located: boolean
}
export type KeptOutcome = 'met' | 'late' | 'void' | 'open' | 'overdue'
export interface KeptClock {
  clock: string; title: Text; run: number; basis: string | null; basis_status: string | null; started_at: string; due_at: string
  ended_at: string | null; outcome: KeptOutcome; late_by_s: number | null; by: Text | null; who: string | null; rungs: number
}
export interface Kept { number: string; title: string; exercise: boolean; at: string; clocks: KeptClock[]; met: number; late: number; overdue: number; open: number; void: number }

export interface TimelineEntry {
  seq: number
  at: string
  actor_name: string
  kind: string
  event: string | null
  title: Text
  lines: Text[]
  data: Record<string, unknown> | null
}

export interface Accepted { case: string; number: string; seq: number; at: string; active: string[] }

export interface Duplicate {
  id: string
  number: string
  title: string
  received_at: string
  owner: string | null
  active_titles: Text[]
  why: Text
}

export interface Preview {
  unit: { id: string; name: string; relation: string | null; reason: Text } | null
  clocks: ClockView[]
  duplicates: Duplicate[]
  /** Whether enough was typed to look for the same matter. */
  searched: boolean
  errors: FieldError[]
}

export type MailState = 'queued' | 'held' | 'sent' | 'failed' | 'local' | 'suppressed'

export interface MailRow {
  id: string
  case: string | null
  number: string | null
  to: string
  subject: string
  at: string
  state: MailState
  template: string | null
  clock: string | null
  rung: string | null
  attempts: number
  /** How the last attempt ended, or why there was none. */
  last_result: string | null
}

export interface Mail extends Omit<MailRow, 'attempts'> {
  text: string
  html: string | null
  attempts: { at: string; result: string }[]
}

export interface Unit { id: string; name: string; title?: Text; relation: string; kind: string | null; head: string | null }
export interface Choice { id: string; title: Text }

export type AssurancePeriod = '90d' | 'month' | 'last-month' | 'quarter' | 'last-quarter'
export interface Share { kept: number; of: number; rate: number | null }
export interface Rates {
  assigned: Share
  fallback: number
  fallback_open: number
  duplicates: number
  ended_first: number
  answered: Share
  answered_without_extensions: Share
  overdue_open: number
  unreachable: Share
}
export interface RatesLine { key: string; name: Text; rates: Rates }
export interface Alarm { name: string; raised: boolean; value: number; above: number; words: Text }
export interface Proof { workflow: string; title: Text; version: number; proved: boolean; configurations: number; assumptions: string[] }

export interface Assurance {
  counted_at: string
  unassigned: number
  oldest_unassigned: string | null
  oldest_unassigned_seconds: number
  overdue_open: number
  timers_overdue: number
  oldest_timer_seconds: number
  clocks_without_timer: number
  rungs_fired: number
  rungs_late: number
  rung_latest_seconds: number
  mails_failed: number
  mails_retried: number
  cases_unreadable: number
  cases_forgotten: number
  period: { choice: AssurancePeriod; from: string; to: string; running: boolean }
  total: Rates
  units: RatesLine[]
  channels: RatesLine[]
  categories: RatesLine[]
  broken: number
  alarms: Alarm[]
  proofs: Proof[]
  definitions: { figure: string; counts: Text }[]
}

export interface BrokenPromise {
  number: string
  promise: 'assigned' | 'answered'
  unit: Text
  category: Text
  due: string
  done: string | null
  dropped: string | null
  days_late: number
  reachable: boolean
  story: { at: string; what: Text }[]
}
export interface BrokenList { total: number; hidden: number; rows: BrokenPromise[] }
