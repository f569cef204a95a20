// One way to ask the service: JSON in and out, the CSRF value on what changes something, one shape of failure.
// Knows no endpoint; those are in endpoints.ts.
import { ROOT } from '../root'
import type { AnyText, FieldError, Text } from './types'

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

const NO_ANSWER: Text = { zh: '无法连接服务器，请检查网络后重试。已填写的内容仍在页面上。', en: 'The server cannot be reached. Check the network and try again; what you typed is still here.' }
const UNREADABLE: Text = { zh: '服务器的回答无法识别，请稍后重试。', en: 'The answer of the server cannot be read. Try again later.' }

/** What a status means and what to do, where the service itself (or a proxy before it) says nothing that helps. */
const BY_STATUS: Record<number, Text> = {
  401: { zh: '登录已过期，请重新登录。已填写的内容会保留。', en: 'You are signed out. Sign in again; what you typed is kept.' },
  403: { zh: '您的角色不能执行此操作。如工作需要，请联系系统管理员。', en: 'Your roles do not allow this. If your work needs it, ask the administrator.' },
  404: { zh: '没有找到，或者您无权查看。', en: 'It was not found, or you may not see it.' },
  409: { zh: '这项内容刚才已经提交过，但内容不同。请刷新页面，核对已登记的内容后再提交。', en: 'This was sent before with other contents. Reload the page, check what was recorded, then send again.' },
  413: { zh: '内容过大，请减少内容或压缩文件后再试。', en: 'It is too large. Shorten it or compress the file, then try again.' },
  422: { zh: '填写的内容不符合要求，请改正后再提交。', en: 'Something in the form is not right. Correct it and send again.' },
  429: { zh: '操作过于频繁，请稍后再试。', en: 'Too many requests. Wait a little and try again.' },
}
const SERVER_FAILED: Text = { zh: '服务器暂时无法处理，请稍后重试；重复提交不会重复办理。', en: 'The server cannot do this now. Try again later; sending twice does it once.' }

/** Refusals whose own words are for programs. */
const FOR_PEOPLE: Record<string, number> = { conflict: 409, not_found: 404, not_signed_in: 401 }

let csrf = ''
let signedIn = ''
let onSignedOut: () => void = () => undefined

/** The session's value against forgery, and whose session it is: nothing is sent for anybody else. */
export function setCsrf(value: string, user = ''): void { csrf = value; signedIn = user }
/** What to do when the service says that nobody is signed in any more. */
export function whenSignedOut(action: () => void): void { onSignedOut = action }
export function csrfHeader(): Record<string, string> { return csrf ? { 'x-csrf-token': csrf } : {} }

export interface Ask { method?: string; body?: unknown; signal?: AbortSignal; quiet?: boolean; as?: 'json' | 'text' }

/** Asks and returns the JSON of the answer. Throws ApiFailure, or AbortError when `signal` was aborted. */
export async function ask<T>(path: string, options: Ask = {}): Promise<T> {
  try {
    return await once<T>(path, options)
  } catch (failure) {
    if (!(failure instanceof ApiFailure)) throw failure
    // The same person signed in anew in another tab: the session is good, only its value is another. Refused means not done.
    if (failure.code === 'csrf' && options.method !== 'GET' && await freshCsrf()) return once<T>(path, options)
    throw failure
  }
}

function somebodyElse(name: string): Text {
  return {
    zh: `此浏览器现在由 ${name} 登录，这项操作没有办理，以免记在别人名下。已填写的内容仍在页面上；请先用自己的账号重新登录。`,
    en: `Somebody else is signed in in this browser now: ${name}. Nothing was done, so that it is not recorded under another name. What you typed is still here; sign in again under your own name first.`,
  }
}

async function freshCsrf(): Promise<boolean> {
  const before = csrf
  const session = await once<{ csrf: string; user: { id: string; name: string } }>('/api/session', { quiet: true }).catch(() => null)
  if (!session || session.csrf === before) return false
  if (session.user.id !== signedIn) throw new ApiFailure(403, 'somebody_else', somebodyElse(session.user.name))
  csrf = session.csrf
  return true
}

async function once<T>(path: string, { method = 'GET', body, signal, quiet = false, as = 'json' }: Ask): Promise<T> {
  const headers: Record<string, string> = { accept: as === 'text' ? 'text/html, application/json' : 'application/json' }
  if (method !== 'GET') Object.assign(headers, csrfHeader())
  if (body !== undefined) headers['content-type'] = 'application/json'
  let response: Response
  let text: string
  try {
    response = await fetch(ROOT + path, {
      method, headers, credentials: 'same-origin',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    })
    text = await response.text()
  } catch (problem) {
    if (problem instanceof DOMException && problem.name === 'AbortError') throw problem
    throw new ApiFailure(0, 'no_answer', NO_ANSWER)
  }
  if (response.ok) {
    if (as === 'text') return text as T
    if (text === '') return undefined as T
    try { return JSON.parse(text) as T } catch { throw new ApiFailure(response.status, 'unreadable', UNREADABLE) }
  }
  const failure = failureOf(response.status, text, Number(response.headers.get('retry-after') ?? 0))
  if (response.status === 401 && !quiet) onSignedOut()
  throw failure
}

/** Reads the service's error body; total, whatever a proxy may have put in its place. */
export function failureOf(status: number, text: string, retryAfter = 0): ApiFailure {
  const wait = Number.isFinite(retryAfter) && retryAfter > 0 ? Math.ceil(retryAfter) : 0
  const said = read(text)
  if (!said) return new ApiFailure(status, 'unreadable', waiting(wordsFor(status), wait), [], wait)
  const known = FOR_PEOPLE[said.code]
  const words = known === undefined ? said.message : wordsFor(known)
  return new ApiFailure(status, said.code, status === 429 ? waiting(wordsFor(429), wait) : words, said.details ?? [], wait)
}

function wordsFor(status: number): Text {
  return BY_STATUS[status] ?? (status >= 500 ? SERVER_FAILED : UNREADABLE)
}

function waiting(words: Text, seconds: number): Text {
  return seconds === 0 ? words : { zh: `${words.zh}（${String(seconds)} 秒后）`, en: `${words.en} (in ${String(seconds)} s)` }
}

interface Said { code: string; message: AnyText; details?: FieldError[] }

function read(text: string): Said | null {
  try {
    const { error } = JSON.parse(text) as { error?: Partial<Said> }
    if (!error?.code || error.message === undefined) return null
    return { code: error.code, message: error.message, details: error.details ?? [] }
  } catch { return null }
}
