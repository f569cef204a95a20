import { describe, expect, it } from 'vitest'
import type { JsonSchema } from '../api/types'
import { placeDetails, problemsOf } from './check'
import { fieldsOf, type Values } from './schema'

function problem(property: JsonSchema, value: Values[string], required = false): string | undefined {
  const found = problemsOf(fieldsOf({ properties: { f: property }, required: required ? ['f'] : [] }), { f: value })['f']
  return typeof found === 'object' ? found.zh : found
}

describe('what is wrong with a field', () => {
  it('refuses what the directory does not list, in the words of a field', () => {
    const unit = { name: 'unit', widget: 'unit' as const, required: true, schema: { type: 'string' } }
    const known = (_: unknown, value: string): boolean => value === 'town-dongxi'
    expect(Object.keys(problemsOf([unit], { unit: '石' }, known))).toEqual(['unit'])
    expect(problemsOf([unit], { unit: 'town-dongxi' }, known)).toEqual({})
  })
  it('is said only where something is demanded', () => {
    expect(problem({ type: 'string' }, '')).toBeUndefined()
    expect(problem({ type: 'string' }, ' ', true)).toBe('请填写')
    expect(problem({ type: 'string', format: 'unit' }, '', true)).toBe('请选择')
  })
  it('counts characters as people do', () => {
    expect(problem({ type: 'string', maxLength: 2 }, '𠮷𠮷')).toBeUndefined()
    expect(problem({ type: 'string', maxLength: 2 }, '一二三')).toBe('超过 2 个字（现有 3）')
    expect(problem({ type: 'string', minLength: 4 }, '理由')).toBe('至少 4 个字')
  })
  it('names the bounds of a number', () => {
    expect(problem({ type: 'integer', minimum: 1, maximum: 30 }, '0')).toBe('不小于 1')
    expect(problem({ type: 'integer', minimum: 1, maximum: 30 }, '31')).toBe('不大于 30')
    expect(problem({ type: 'integer' }, 'x')).toBe('请填写整数')
  })
  it('checks the number of items of a list', () => {
    expect(problem({ type: 'array', maxItems: 1, items: { type: 'string' } }, ['a', 'b'])).toBe('至多 1 项')
  })
  it('lets the service judge a pattern the browser cannot read', () => {
    expect(problem({ type: 'string', pattern: '^[0-9]+$' }, 'a')).toBe('格式不符')
    expect(problem({ type: 'string', pattern: '(' }, 'a')).toBeUndefined()
  })
})

describe('the details of a refusal', () => {
  const fields = fieldsOf({ properties: { title: { type: 'string' }, accused: { type: 'array', items: { type: 'string' } } } })
  it.each(['title', 'data.title', '/title', 'event.title'])('%s stands at its field', (path) => {
    expect(placeDetails(fields, [{ path, message: 'x' }])).toEqual({ problems: { title: 'x' }, rest: [] })
  })
  it('stand at their field with an index behind, and above the form when they belong to none', () => {
    const placed = placeDetails(fields, [{ path: 'data.accused[1]', message: 'a' }, { path: 'id', message: 'b' }, { path: '', message: 'c' }])
    expect(placed.problems).toEqual({ accused: 'a' })
    expect(placed.rest.map((detail) => detail.message)).toEqual(['b', 'c'])
  })
  it('a second problem of one field is not lost', () => {
    expect(placeDetails(fields, [{ path: 'title', message: 'a' }, { path: 'title', message: 'b' }]).rest).toHaveLength(1)
  })
})
