import { expect, it, vi } from 'vitest'
import { words } from './facts'

// The words stand on a page that tells its language; here there is none.
vi.hoisted(() => { Object.assign(globalThis, { document: { documentElement: {} } }) })

it('names a choice within a value as the form that asked for it names it', () => {
  const reply = { type: 'object', properties: { conclusion: { type: 'string', title: { zh: '结论', en: 'conclusion' } } } }
  const known = { conclusion: { type: 'string', enumTitles: { performed: { zh: '依法履行职责', en: 'duty performed' } } } }
  expect(words({ conclusion: 'performed' }, reply, known)).toBe('结论：依法履行职责')
})
