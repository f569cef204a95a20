import { expect, it } from 'vitest'
import { found, meant, settled } from './choices'

const towns = [
  { value: 'town-dongxi', title: '东溪镇', also: 'Dongxi Town' }, { value: 'town-shijiao', title: '石角镇', also: 'Shijiao Town' },
  { value: 'town-shihao', title: '石壕镇', also: 'Shihao Town' },
]
it('is found by Chinese, English or id', () => {
  for (const typed of ['石角', 'SHIJIAO', 'town-shijiao', 'town shijiao']) expect(found(towns, typed).map((one) => one.value)).toEqual(['town-shijiao'])
  expect(found(towns, '')).toHaveLength(3)
  expect(found(towns, '没有')).toEqual([])
})
it('takes what is unmistakable and nothing else', () => {
  expect(meant(towns, '石角')?.value).toBe('town-shijiao')
  expect(meant(towns, '石')).toBeUndefined()
  expect(meant(towns, '')).toBeUndefined()
})
it('is never chosen for somebody who typed what names several or none, and leaves', () => {
  expect(settled(towns, '石', undefined)).toBe('unknown')
  expect(settled(towns, '綦江', undefined)).toBe('unknown')
  expect(settled(towns, '石', towns[2])).toBe(towns[2])
  expect(settled(towns, '石角', undefined)).toBe(towns[1])
  expect(settled(towns, ' ', undefined)).toBe('as before')
})
