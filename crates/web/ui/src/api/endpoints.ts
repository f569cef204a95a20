// Every endpoint the console uses, one function each.
import { ROOT } from '../root'
import { ApiFailure, ask, csrfHeader, failureOf } from './client'
import type {
  Accepted, Account, Assurance, AssurancePeriod, Attachment, AuditLine, BrokenList, CasePage, CaseRow, Choice, Incident, Kept, Mail, MailRow, OwnSession, Preview, Session, TimelineEntry, Unit, Workflow,
} from './types'

export interface CaseFilter {
  text?: string
  owner?: string
  mine?: boolean
  open?: boolean
  overdue?: boolean
  due_before?: string
  workflow?: string
  state?: string
  lamp?: string
  order?: 'due' | 'received'
  limit?: number
  offset?: number
}

/** A query string; what is empty or false is left out, except `open: false` which asks for closed cases. */
export function query(filter: Record<string, string | number | boolean | undefined>): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(filter)) {
    if (value === undefined || value === '') continue
    if (typeof value === 'boolean') {
      if (value || name === 'open') search.set(name, value ? '1' : '0')
    } else search.set(name, String(value))
  }
  const text = search.toString()
  return text === '' ? '' : `?${text}`
}

const at = encodeURIComponent

export const api = {
  session: () => ask<Session>('/api/session', { quiet: true }),
  signIn: (body: { user: string; password: string } | { token: string }) =>
    ask<Session>('/api/session', { method: 'POST', body, quiet: true }),
  signOut: () => ask<undefined>('/api/session', { method: 'DELETE', quiet: true }),
  password: (body: { current: string; password: string }) =>
    ask<Session>('/api/session/password', { method: 'POST', body }),

  language: (language: string) => ask<unknown>('/api/session/language', { method: 'PUT', body: { language } }),
  sessions: () => ask<OwnSession[]>('/api/sessions'),
  endOtherSessions: () => ask<OwnSession[]>('/api/sessions', { method: 'DELETE' }),

  workflows: () => ask<Workflow[]>('/api/workflows'),
  units: () => ask<Unit[]>('/api/directory/units'),
  towns: () => ask<Choice[]>('/api/directory/towns'),
  categories: () => ask<Choice[]>('/api/directory/categories'),

  preview: (workflow: string, data: unknown, signal: AbortSignal) =>
    ask<Preview>('/api/cases/preview', { method: 'POST', body: { workflow, data }, signal }),
  open: (id: string, workflow: string, data: unknown) =>
    ask<Accepted>('/api/cases', { method: 'POST', body: { id, workflow, data } }),
  cases: (filter: CaseFilter, signal?: AbortSignal) =>
    ask<{ total: number; rows: CaseRow[] }>(`/api/cases${query({ ...filter })}`, signal ? { signal } : {}),
  case: (key: string, signal?: AbortSignal) => ask<CasePage>(`/api/cases/${at(key)}`, signal ? { signal } : {}),
  timeline: (key: string, after = 0) => ask<TimelineEntry[]>(`/api/cases/${at(key)}/timeline${query({ after: after || undefined })}`),
  send: (key: string, id: string, event: string, data: unknown) =>
    ask<Accepted>(`/api/cases/${at(key)}/events`, { method: 'POST', body: { id, event, data } }),
  unmask: (key: string, reason: string) =>
    ask<CasePage>(`/api/cases/${at(key)}/unmask`, { method: 'POST', body: { reason } }),

  incident: (key: string, signal?: AbortSignal) => ask<Incident>(`/api/cases/${at(key)}/incident`, signal ? { signal } : {}),
  kept: (key: string) => ask<Kept>(`/api/cases/${at(key)}/clocks`),

  /** A paper with the petitioner's name: HTML. */
  paper: (key: string, n: number, reason: string) =>
    ask<string>(`/api/cases/${at(key)}/documents/${String(n)}/unmask`, { method: 'POST', body: { reason }, as: 'text' }),

  mails: (filter: { case?: string; state?: string; limit?: number; offset?: number }) =>
    ask<{ rows: MailRow[] }>(`/api/mails${query({ ...filter })}`),
  mail: (id: string) => ask<Mail>(`/api/mails/${at(id)}`),

  users: () => ask<Account[]>('/api/users'),
  createUser: (body: Omit<Account, 'active'>) => ask<Account>('/api/users', { method: 'POST', body }),
  changeUser: (id: string, body: Omit<Account, 'id' | 'login'>) => ask<Account>(`/api/users/${at(id)}`, { method: 'PUT', body }),
  userLink: (id: string) => ask<{ link: string; expires_at: string }>(`/api/users/${at(id)}/token`, { method: 'POST' }),
  /** Lines of the audit trail older than line `before`, newest first. */
  audit: (before: number | undefined, limit: number) => ask<{ rows: AuditLine[] }>(`/api/audit${query({ before, limit })}`),

  assurance: (period: AssurancePeriod, signal?: AbortSignal) =>
    ask<Assurance>(`/api/assurance${query({ period })}`, signal ? { signal } : {}),
  broken: (period: AssurancePeriod, limit: number, offset: number, signal?: AbortSignal) =>
    ask<BrokenList>(`/api/assurance/broken${query({ period, limit, offset: offset || undefined })}`, signal ? { signal } : {}),
  clock: () => ask<{ now: string; demo: boolean }>('/api/clock'),
  moveClock: (body: { advance: string } | { to: string }) =>
    ask<{ now: string }>('/api/clock', { method: 'POST', body }),
}

/** Sends a file with progress (0 to 1). The browser's fetch cannot report progress, so this is the one XMLHttpRequest. */
export function upload(key: string, file: File, progress: (done: number) => void): Promise<Attachment> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', `${ROOT}/api/cases/${at(key)}/attachments`)
    for (const [name, value] of Object.entries(csrfHeader())) request.setRequestHeader(name, value)
    request.upload.onprogress = (event) => { if (event.lengthComputable) progress(event.loaded / event.total) }
    request.onload = () => {
      if (request.status < 300) resolve(JSON.parse(request.responseText) as Attachment)
      else reject(failureOf(request.status, request.responseText))
    }
    request.onerror = () => { reject(new ApiFailure(0, 'no_answer', { zh: '上传中断，请重试。', en: 'The upload was interrupted. Try again.' })) }
    const form = new FormData()
    form.append('file', file)
    request.send(form)
  })
}
