import { describe, expect, it } from 'vitest'
import type { JsonSchema } from '../api/types'
import { dataOf, fieldsOf, firstValues, isEmpty, read, widgetOf } from './schema'

const schema: JsonSchema = {
  type: 'object',
  required: ['title', 'count'],
  properties: {
    accused: { type: 'array', items: { type: 'string', format: 'unit' } },
    count: { type: 'integer', minimum: 1 },
    note: { type: 'string', format: 'textarea' },
    received_at: { type: 'string', format: 'date-time' },
    title: { type: 'string', maxLength: 120 },
    urgent: { type: 'boolean' },
    kind: { const: 'fixed' },
  },
}

describe('the control of a property', () => {
  it.each<[JsonSchema, string]>([
    [{ enum: ['a', 'b'] }, 'radio'], [{ enum: ['a', 'b', 'c', 'd'] }, 'select'], [{ type: 'boolean' }, 'checkbox'],
    [{ type: 'integer' }, 'integer'], [{ type: 'number' }, 'number'], [{ type: ['string', 'null'] }, 'text'],
    [{ type: 'string', maxLength: 301 }, 'textarea'], [{ type: 'string', format: 'textarea' }, 'textarea'],
    [{ type: 'string', format: 'unit' }, 'unit'], [{ type: 'string', format: 'town' }, 'town'], [{ type: 'string', format: 'category' }, 'category'],
    [{ type: 'string', format: 'date' }, 'date'], [{ type: 'string', format: 'date-time' }, 'datetime'],
    [{ type: 'array', items: { type: 'string', format: 'unit' } }, 'units'], [{ type: 'array', items: { type: 'string' } }, 'list'],
    [{ type: 'array', items: { type: 'object' } }, 'json'], [{ properties: {} }, 'json'],
  ])('%j is %s', (property, widget) => { expect(widgetOf(property)).toBe(widget) })
})

describe('a form drawn from a schema', () => {
  const fields = fieldsOf(schema)

  it('asks for what is demanded first, in the order demanded, and never for constants', () => {
    expect(fields.map((field) => field.name)).toEqual(['title', 'count', 'accused', 'note', 'received_at', 'urgent'])
    expect(fields.filter((field) => field.required).map((field) => field.name)).toEqual(['title', 'count'])
    expect(fieldsOf(null)).toEqual([])
  })

  it('begins with the prefill, then the default, then nothing', () => {
    const begun = firstValues(fieldsOf({ properties: { a: { type: 'string', default: 'x' }, b: { type: 'integer', default: 3 }, c: { type: 'boolean' }, d: { type: 'array', items: { type: 'string' } } } }), { a: 'y' })
    expect(begun).toEqual({ a: 'y', b: '3', c: false, d: [] })
  })

  it('shows an instant in the time of the office and sends it back as the same instant', () => {
    const begun = firstValues(fields, { received_at: '2026-11-23T01:30:00Z' })
    expect(begun['received_at']).toBe('2026-11-23T09:30')
    const sent = dataOf(fields, begun)['received_at']
    expect(Date.parse(String(sent))).toBe(Date.parse('2026-11-23T01:30:00Z'))
  })

  it('leaves out what is empty and what cannot be read, and keeps a box that is not ticked', () => {
    expect(dataOf(fields, { title: ' 河水发黑 ', count: 'many', note: '   ', accused: [], urgent: false })).toEqual({ title: '河水发黑', urgent: false })
  })

  it('keeps line breaks inside a text and drops those behind it', () => {
    expect(dataOf(fields, { note: '一\n二\n\n' })).toEqual({ note: '一\n二' })
  })
})

describe('reading a control', () => {
  const field = (property: JsonSchema) => ({ name: 'f', schema: property, widget: widgetOf(property), required: false })
  it('takes whole numbers only where whole numbers are expected', () => {
    expect(read(field({ type: 'integer' }), '12')).toBe(12)
    expect(read(field({ type: 'integer' }), '1.5')).toBeUndefined()
    expect(read(field({ type: 'number' }), '1.5')).toBe(1.5)
  })
  it('gives the choice in its own type', () => {
    expect(read(field({ enum: [1, 2] }), '2')).toBe(2)
    expect(read(field({ enum: ['a', 'b'] }), 'c')).toBeUndefined()
  })
  it('refuses a day that does not exist', () => {
    expect(read(field({ type: 'string', format: 'date' }), '2026-13-01')).toBeUndefined()
    expect(read(field({ type: 'string', format: 'date' }), '2026-11-23')).toBe('2026-11-23')
  })
  it('knows what is empty', () => {
    expect([isEmpty(undefined), isEmpty(' '), isEmpty([]), isEmpty(false), isEmpty('0')]).toEqual([true, true, true, false, false])
  })
})
