import { describe, expect, it } from 'vitest'
import en from './en'
import zh from './zh'

const holes = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '').sort()

describe('the two languages', () => {
  it('have the same keys', () => { expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort()) })
  it('leave no text empty and fill the same holes', () => {
    for (const [key, text] of Object.entries(zh)) {
      const other = (en as Record<string, string>)[key] ?? ''
      expect(text.trim() === '' || other.trim() === '', key).toBe(false)
      expect(holes(other), key).toEqual(holes(text))
    }
  })
  it('have no Chinese left in the English', () => {
    const left = Object.entries(en).filter(([, text]) => /\p{Script=Han}/u.test(text)).map(([key]) => key)
    expect(left).toEqual([])
  })
})
