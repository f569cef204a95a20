// What is wrong with a form, field by field, in the words of the office. Pure; the service checks again.
import type { AnyText, FieldError } from '../api/types'
import { type Field, isEmpty, read, type Values } from './schema'

export type Problems = Record<string, AnyText>

const text = (zh: string, en: string): AnyText => ({ zh, en })

/** Whether the directory lists this unit, town or category; what is not loaded is not known to be wrong. */
export type Known = (widget: Field['widget'], value: string) => boolean

/** Problems by field name; empty if the form may be sent. */
export function problemsOf(fields: Field[], values: Values, known: Known = () => true): Problems {
  const problems: Problems = {}
  for (const field of fields) {
    const raw = values[field.name]
    const named = typeof raw !== 'string' || raw.trim() === '' || known(field.widget, raw.trim())
    const problem = named ? problemOf(field, values) : text('不在列表中，请从列表中选择', 'not in the list: choose from the list')
    if (problem) problems[field.name] = problem
  }
  return problems
}

function problemOf(field: Field, values: Values): AnyText | null {
  const raw = values[field.name]
  if (raw === undefined || isEmpty(raw)) {
    return field.required ? missing(field) : null
  }
  const value = read(field, raw)
  if (value === undefined) return unreadable(field)
  if (typeof value === 'string') return textProblem(field, value)
  if (typeof value === 'number') return numberProblem(field, value)
  if (Array.isArray(value)) return listProblem(field, value)
  return null
}

function missing({ widget }: Field): AnyText {
  return ['select', 'radio', 'unit', 'town', 'category', 'units'].includes(widget)
    ? text('请选择', 'choose one') : text('请填写', 'fill this in')
}

function unreadable({ widget }: Field): AnyText {
  switch (widget) {
    case 'integer': return text('请填写整数', 'a whole number is expected')
    case 'number': return text('请填写数字', 'a number is expected')
    case 'date': return text('日期应为 年-月-日', 'a date is expected: year-month-day')
    case 'datetime': return text('请填写完整的日期和时间', 'a date and a time are expected')
    case 'json': return text('不是有效的 JSON', 'this is not valid JSON')
    default: return text('请从列表中选择', 'choose from the list')
  }
}

function textProblem({ schema, widget }: Field, value: string): AnyText | null {
  if (widget === 'date' || widget === 'datetime') return null
  const length = Array.from(value).length
  const { minLength = 0, maxLength = Infinity } = schema
  if (length < minLength) return text(`至少 ${String(minLength)} 个字`, `at least ${String(minLength)} characters`)
  if (length > maxLength) return text(`超过 ${String(maxLength)} 个字（现有 ${String(length)}）`, `more than ${String(maxLength)} characters (now ${String(length)})`)
  if (schema.pattern && !matches(schema.pattern, value)) return text('格式不符', 'not in the expected form')
  return null
}

function matches(pattern: string, value: string): boolean {
  try { return new RegExp(pattern, 'u').test(value) } catch { return true }
}

function numberProblem({ schema: { minimum = -Infinity, maximum = Infinity } }: Field, value: number): AnyText | null {
  if (value < minimum) return text(`不小于 ${String(minimum)}`, `at least ${String(minimum)}`)
  if (value > maximum) return text(`不大于 ${String(maximum)}`, `at most ${String(maximum)}`)
  return null
}

function listProblem({ schema: { minItems = 0, maxItems = Infinity } }: Field, value: unknown[]): AnyText | null {
  if (value.length < minItems) return text(`至少 ${String(minItems)} 项`, `at least ${String(minItems)}`)
  if (value.length > maxItems) return text(`至多 ${String(maxItems)} 项`, `at most ${String(maxItems)}`)
  return null
}

/**
 * Sorts the details of a refusal: what belongs to a field of the form stands there, the rest is told above the form.
 * Paths come as `data.title`, `event.title`, `/title` or `title`, perhaps with an index behind.
 */
export function placeDetails(fields: Field[], details: FieldError[]): { problems: Problems; rest: FieldError[] } {
  const names = new Set(fields.map((field) => field.name))
  const problems: Problems = {}
  const rest: FieldError[] = []
  for (const detail of details) {
    const steps = detail.path.split(/[./[\]]+/).filter((step) => step !== '')
    const name = steps.find((step) => names.has(step))
    if (name !== undefined && !(name in problems)) problems[name] = detail.message
    else rest.push(detail)
  }
  return { problems, rest }
}
