import { describe, expect, it } from 'vitest'
import { percent } from './rates'

describe('a rate', () => {
  it('is rounded down, so that only everything is 100 %', () => {
    expect(percent({ kept: 99_999, of: 100_000, rate: null })).toBe('99.99 %')
    expect(percent({ kept: 3, of: 3, rate: 1 })).toBe('100.00 %')
    expect(percent({ kept: 2, of: 3, rate: null })).toBe('66.66 %')
  })
  it('of nothing is none', () => { expect(percent({ kept: 0, of: 0, rate: null })).toBe('—') })
})
