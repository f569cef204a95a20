import { expect, it, vi } from 'vitest'
import { words } from './facts'

// The directory and the language stand on a page; here there is none.
vi.mock('../directory', () => ({ categoryName: String, townName: String, unitName: String }))
vi.mock('../i18n', () => ({
  pick: (text?: { zh: string }) => text?.zh ?? '',
  t: (_: string, { name, text }: { name: string; text: string }) => `${name}：${text}`,
  listed: (list: string[]) => list.join('、'),
}))

it('names a choice within a value as the form that asked for it names it', () => {
  const reply = { type: 'object', properties: { conclusion: { type: 'string', title: { zh: '结论', en: 'conclusion' } } } }
  const known = { conclusion: { type: 'string', enumTitles: { performed: { zh: '依法履行职责', en: 'duty performed' } } } }
  expect(words({ conclusion: 'performed' }, reply, known)).toBe('结论：依法履行职责')
})
