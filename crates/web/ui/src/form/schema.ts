// From a JSON Schema to a form: which control each property gets, first values, and the data to send. Pure.
// Where it stops: one level of properties with plain values or lists of text. Deeper objects are typed as JSON.
import type { EventForm, JsonSchema } from '../api/types'
import { fromInput, toInput } from '../time'

export type Widget =
  | 'text' | 'textarea' | 'date' | 'datetime' | 'unit' | 'town' | 'category' | 'point'
  | 'select' | 'radio' | 'checkbox' | 'integer' | 'number' | 'list' | 'units' | 'json'

/** What a control holds while it is being edited. */
export type Raw = string | boolean | string[]
export type Values = Record<string, Raw>

export interface Field { name: string; schema: JsonSchema; widget: Widget; required: boolean }

/** Up to so many choices are shown side by side instead of behind a list. */
const SIDE_BY_SIDE = 3
/** A text longer than this gets several lines. */
const ONE_LINE = 300

export function typeOf(schema: JsonSchema): string {
  const { type } = schema
  if (Array.isArray(type)) return type.find((t) => t !== 'null') ?? 'string'
  if (type) return type
  if (schema.enum) return typeof schema.enum[0] === 'number' ? 'integer' : 'string'
  return schema.properties ? 'object' : 'string'
}

export function widgetOf(schema: JsonSchema): Widget {
  if (schema.enum) return schema.enum.length <= SIDE_BY_SIDE ? 'radio' : 'select'
  switch (typeOf(schema)) {
    case 'boolean': return 'checkbox'
    case 'integer': return 'integer'
    case 'number': return 'number'
    case 'array': return listWidget(schema)
    case 'object': return 'json'
    default: return textWidget(schema)
  }
}

function listWidget(schema: JsonSchema): Widget {
  const items = schema.items ?? {}
  if (items.format === 'unit') return 'units'
  return typeOf(items) === 'string' ? 'list' : 'json'
}

function textWidget(schema: JsonSchema): Widget {
  switch (schema.format) {
    case 'textarea': return 'textarea'
    case 'date': return 'date'
    case 'date-time': return 'datetime'
    case 'unit': return 'unit'
    case 'town': return 'town'
    case 'category': return 'category'
    case 'water-point': return 'point'
    default: return (schema.maxLength ?? 0) > ONE_LINE ? 'textarea' : 'text'
  }
}

/**
 * The fields of a form: what must be filled in first, in the order in which the schema demands it (a list keeps its
 * order on the way here, properties do not), then the rest.
 */
export function fieldsOf(schema: JsonSchema | null | undefined): Field[] {
  const demanded = schema?.required ?? []
  const required = new Set(demanded)
  const place = (name: string): number => (required.has(name) ? demanded.indexOf(name) : demanded.length)
  return Object.entries(schema?.properties ?? {})
    .sort(([a], [b]) => place(a) - place(b))
    .filter(([, property]) => property.const === undefined && property.readOnly !== true && property['x-page'] === undefined)
    .map(([name, property]) => ({ name, schema: property, widget: widgetOf(property), required: required.has(name) }))
}

/** Events whose forms stand on this page (`x-page` of the form); null: on the page of every case. */
export function pageEvents(events: EventForm[], page: string | null): EventForm[] {
  return events.filter((event) => (event.form?.['x-page'] ?? null) === page)
}

/** What stands in the form before anybody types: the prefill, else the schema's default, else nothing. */
export function firstValues(fields: Field[], prefill: Record<string, unknown> | null = null): Values {
  return Object.fromEntries(fields.map((field) => [field.name, rawOf(field, prefill?.[field.name] ?? field.schema.default)]))
}

function rawOf({ widget, schema }: Field, value: unknown): Raw {
  switch (widget) {
    case 'checkbox': return value === true
    // What is not among the choices would stand there unseen: the field begins empty instead.
    case 'select':
    case 'radio': return schema.enum?.some((choice) => choice === value) ? String(value as string | number) : ''
    case 'list':
    case 'units': return Array.isArray(value) ? value.map(String) : []
    case 'json': return value === undefined || value === null ? '' : JSON.stringify(value, null, 1)
    case 'datetime': return typeof value === 'string' && value !== '' ? toInput(value) : ''
    case 'date': return typeof value === 'string' ? value.slice(0, 10) : ''
    default: return value === undefined || value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value as string | number)
  }
}

/** Whether a control holds nothing. A box that is not ticked holds `false`, which is something. */
export function isEmpty(raw: Raw | undefined): boolean {
  if (raw === undefined) return true
  if (typeof raw === 'string') return raw.trim() === ''
  return Array.isArray(raw) && raw.length === 0
}

/** The data to send. What is empty is left out; what cannot be read is left out too (the check names it). */
export function dataOf(fields: Field[], values: Values): Record<string, unknown> {
  const data: Record<string, unknown> = {}
  for (const field of fields) {
    const raw = values[field.name]
    if (raw === undefined || isEmpty(raw)) continue
    const value = read(field, raw)
    if (value !== undefined) data[field.name] = value
  }
  return data
}

/** The value of a control, `undefined` if it cannot be read as its type. */
export function read({ widget, schema }: Field, raw: Raw): unknown {
  if (typeof raw !== 'string') return raw
  const text = raw.trim()
  switch (widget) {
    case 'integer': return /^-?\d{1,15}$/.test(text) ? Number(text) : undefined
    case 'number': return text !== '' && Number.isFinite(Number(text)) ? Number(text) : undefined
    case 'datetime': return fromInput(text) ?? undefined
    case 'date': return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) ? text : undefined
    case 'json': try { return JSON.parse(text) as unknown } catch { return undefined }
    case 'select':
    case 'radio': return schema.enum?.find((choice) => String(choice) === text)
    case 'textarea': return raw.replace(/\s+$/, '')
    default: return text
  }
}
