import { afterEach, describe, expect, it, vi } from 'vitest'
import { ApiFailure, ask, failureOf, setCsrf, whenSignedOut } from './client'

const body = (code: string, zh: string, details: unknown[] = []): string => JSON.stringify({ error: { code, message: { zh, en: zh }, details } })
const words = (failure: ApiFailure): string => (typeof failure.text === 'string' ? failure.text : failure.text.zh)

describe('a refusal becomes words and what to do', () => {
  it('keeps what the service says about the form', () => {
    const failure = failureOf(422, body('form_invalid', '请推选代表', [{ path: 'data.representatives', message: { zh: '不超过五人', en: 'five' } }]))
    expect([failure.status, failure.code, words(failure), failure.details.length]).toEqual([422, 'form_invalid', '请推选代表', 1])
  })
  it('says in plain words what was said for programs', () => {
    expect(words(failureOf(409, body('conflict', '该编号已用于另一请求')))).toContain('刷新页面')
    expect(words(failureOf(401, body('not_signed_in', '请先登录')))).toContain('重新登录')
  })
  it('says how long to wait', () => { expect(words(failureOf(429, body('too_many', 'x'), 12.2))).toContain('13 秒后') })
  it.each([[401, '重新登录'], [403, '角色'], [404, '没有找到'], [413, '过大'], [429, '稍后'], [500, '稍后重试'], [502, '稍后重试'], [503, '稍后重试'], [418, '无法识别']])(
    'a %d without words of the service says %s', (status, part) => { expect(words(failureOf(status, '<html>proxy</html>'))).toContain(part) })
  it('reads a body of another shape without falling over', () => {
    for (const text of ['', 'null', '{}', '{"error":null}', '{"error":{"code":1}}', '[]']) expect(failureOf(500, text)).toBeInstanceOf(ApiFailure)
  })
})

describe('asking', () => {
  afterEach(() => { vi.unstubAllGlobals(); setCsrf(''); whenSignedOut(() => undefined) })
  const answers = (...list: [number, string][]) => {
    const fetch = vi.fn((_path: string, _init?: RequestInit) => {
      const [status, text] = list.shift() ?? [500, '']
      return Promise.resolve(new Response(status === 204 ? null : text, { status }))
    })
    vi.stubGlobal('fetch', fetch)
    return fetch
  }

  it('tells that nobody answered', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('network')))
    await expect(ask('/api/x')).rejects.toMatchObject({ status: 0, code: 'no_answer' })
  })
  it('hands on that the question was dropped', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new DOMException('dropped', 'AbortError')))
    await expect(ask('/api/x')).rejects.toMatchObject({ name: 'AbortError' })
  })
  it('says once that the session is over, and not when asked quietly', async () => {
    const over = vi.fn()
    whenSignedOut(over)
    answers([401, ''], [401, ''])
    await expect(ask('/api/x')).rejects.toMatchObject({ status: 401 })
    await expect(ask('/api/x', { quiet: true })).rejects.toMatchObject({ status: 401 })
    expect(over).toHaveBeenCalledTimes(1)
  })
  it('sends the value against forgery with changes only', async () => {
    setCsrf('secret')
    const fetch = answers([200, '{}'], [200, '{}'])
    await ask('/api/x')
    await ask('/api/x', { method: 'POST', body: {} })
    const sent = fetch.mock.calls.map(([, init]) => (init?.headers as Record<string, string>)['x-csrf-token'])
    expect(sent).toEqual([undefined, 'secret'])
  })
  it('asks for a new value when another tab signed in anew, and repeats the change once', async () => {
    setCsrf('old', 'wang')
    const fetch = answers([403, body('csrf', 'x')], [200, '{"csrf":"new","user":{"id":"wang","name":"王"}}'], [200, '{"done":true}'])
    await expect(ask('/api/x', { method: 'POST', body: {} })).resolves.toEqual({ done: true })
    expect((fetch.mock.calls[2]?.[1]?.headers as Record<string, string>)['x-csrf-token']).toBe('new')
  })
  it('does nothing in the name of another who signed in in this browser', async () => {
    setCsrf('old', 'wang')
    const fetch = answers([403, body('csrf', 'x')], [200, '{"csrf":"new","user":{"id":"li","name":"李四"}}'], [200, '{"done":true}'])
    await expect(ask('/api/x', { method: 'POST', body: {} })).rejects.toMatchObject({ status: 403, code: 'somebody_else' })
    expect(fetch).toHaveBeenCalledTimes(2)
  })
  it('gives nothing for an empty answer', async () => {
    answers([204, ''])
    await expect(ask('/api/x', { method: 'DELETE' })).resolves.toBeUndefined()
  })
})
