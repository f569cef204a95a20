// One way to ask the service: JSON in and out, the CSRF value on what changes something, one shape of failure.
// Knows no endpoint; those are in endpoints.ts.
import type { AnyText, FieldError } from './types'

/** A refusal by the service, or no answer at all (status 0). */
export class ApiFailure extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly text: AnyText,
    readonly details: FieldError[] = [],
    readonly retryAfter = 0,
  ) {
    super(typeof text === 'string' ? text : text.en)
  }
}

const NO_ANSWER = { zh: '无法连接服务器，请检查网络后重试。已填写的内容仍在页面上。', en: 'The server cannot be reached. Check the network and try again; what you typed is still here.' }
const UNREADABLE = { zh: '服务器的回答无法识别，请稍后重试。', en: 'The answer of the server cannot be read. Try again later.' }

let csrf = ''
let onSignedOut: () => void = () => undefined

export function setCsrf(value: string): void { csrf = value }
/** What to do when the service says that nobody is signed in any more. */
export function whenSignedOut(action: () => void): void { onSignedOut = action }
export function csrfHeader(): Record<string, string> { return csrf ? { 'x-csrf-token': csrf } : {} }

export interface Ask { method?: string; body?: unknown; signal?: AbortSignal; quiet?: boolean }

/** Asks and returns the JSON of the answer. Throws ApiFailure, or AbortError when `signal` was aborted. */
export async function ask<T>(path: string, { method = 'GET', body, signal, quiet = false }: Ask = {}): Promise<T> {
  const headers: Record<string, string> = { accept: 'application/json' }
  if (method !== 'GET') Object.assign(headers, csrfHeader())
  if (body !== undefined) headers['content-type'] = 'application/json'
  let response: Response
  try {
    response = await fetch(path, {
      method, headers, credentials: 'same-origin',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    })
  } catch (problem) {
    if (problem instanceof DOMException && problem.name === 'AbortError') throw problem
    throw new ApiFailure(0, 'no_answer', NO_ANSWER)
  }
  const text = await response.text()
  if (response.ok) {
    if (text === '') return undefined as T
    try { return JSON.parse(text) as T } catch { throw new ApiFailure(response.status, 'unreadable', UNREADABLE) }
  }
  const failure = failureOf(response.status, text, Number(response.headers.get('retry-after') ?? 0))
  if (response.status === 401 && !quiet) onSignedOut()
  throw failure
}

/** Reads the service's error body; total, whatever a proxy may have put in its place. */
export function failureOf(status: number, text: string, retryAfter = 0): ApiFailure {
  try {
    const { error } = JSON.parse(text) as { error: { code: string; message: AnyText; details?: FieldError[] } }
    return new ApiFailure(status, error.code, error.message, error.details ?? [], retryAfter)
  } catch {
    return new ApiFailure(status, 'unreadable', UNREADABLE, [], retryAfter)
  }
}
