import { describe, expect, it } from 'vitest'
import { compare } from './compare'

const whole = (pieces: { text: string }[]): string => pieces.map((piece) => piece.text).join('')

describe('two versions of a field', () => {
  it('are whole on either side, with what changed marked', () => {
    const [before, after] = ['停止取水，启用备用水源。', '停止取水，启用长田二库。']
    const pair = compare(before, after)
    expect(whole(pair.before)).toBe(before)
    expect(whole(pair.after)).toBe(after)
    expect(pair.same).toBe(false)
    expect(pair.before.filter((piece) => piece.changed).map((piece) => piece.text).join('')).toContain('备用')
    expect(pair.after.find((piece) => !piece.changed)?.text).toContain('停止')
  })
  it('are the same when nothing changed, and all new when there was nothing', () => {
    expect(compare('a b', 'a b').same).toBe(true)
    expect(compare('', 'a b')).toEqual({ before: [], after: [{ text: 'a b', changed: true }], same: false })
  })
})
