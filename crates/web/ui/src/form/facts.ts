// Data as people read it: titles and choices from the schemas that are known. Pure but for the names of the directory.
import type { JsonSchema } from '../api/types'
import { categoryName, pointName, townName, unitName } from '../directory'
import { listed, pick, t } from '../i18n'
import { minute } from '../time'

export interface Fact { name: string; title: string; text: string; long: boolean }

/** Longer than this, a value takes the whole width. */
const SHORT = 40

/** The facts in the order of the schema, then what no schema names; what is empty is left out. */
export function factsOf(data: Record<string, unknown>, schemas: Record<string, JsonSchema>): Fact[] {
  const known = Object.keys(schemas)
  const names = [...known.filter((name) => name in data), ...Object.keys(data).filter((name) => !known.includes(name))]
  return names.flatMap((name) => {
    const schema = schemas[name]
    // What has a page of its own is read there.
    if (schema?.['x-page'] !== undefined) return []
    const text = words(data[name], schema, schemas)
    if (text === '') return []
    return [{ name, title: pick(schema?.title), text, long: Array.from(text).length > SHORT || text.includes('\n') || schema?.format === 'textarea' }]
  })
}

/** One value in words. */
export function words(value: unknown, schema: JsonSchema | undefined, known: Record<string, JsonSchema> = {}): string {
  if (value === null || value === undefined || value === '') return ''
  if (typeof value === 'boolean') return t(value ? 'data.yes' : 'data.no')
  if (Array.isArray(value)) return listed(value.map((item) => words(item, schema?.items, known)))
  if (typeof value === 'object') {
    return Object.entries(value).map(([name, inner]) => {
      // Within a value, too, the form that asked for it knows what its choices are called.
      const own = { ...known[name], ...schema?.properties?.[name] }
      const text = words(inner, own, known)
      return text === '' ? '' : t('data.pair', { name: pick(own?.title) || name, text })
    }).filter(Boolean).join('\n')
  }
  const text = String(value as string | number)
  const title = pick(schema?.enumTitles?.[text])
  if (title !== '') return title
  switch (schema?.format) {
    case 'unit': return unitName(text)
    case 'town': return townName(text)
    case 'category': return categoryName(text)
    case 'water-point': return pointName(text)
    case 'date-time': return minute(text) || text
    default: return text
  }
}
