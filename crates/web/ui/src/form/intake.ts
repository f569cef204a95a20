// How the call form of a known workflow is arranged: groups in the order of a conversation, and when a field matters.
// A workflow that is not named here gets one group in the order of its schema. Pure.
import type { Field, Values } from './schema'

export interface Group { key: GroupKey; fields: Field[] }
export type GroupKey = 'matter' | 'petitioner' | 'source' | 'nature' | 'all'

interface Arrangement {
  groups: [GroupKey, string[]][]
  /** A field not named here always matters. */
  matters: Record<string, (values: Values) => boolean>
}

const passedOn = ({ channel }: Values): boolean =>
  ['hotline_12345', 'platform_12369', 'other_authority', 'reward_report'].includes(String(channel))
const reachable = ({ petitioner }: Values): boolean => petitioner !== 'anonymous'
const inPerson = ({ channel }: Values): boolean => channel === 'visit'

const ARRANGEMENTS: Record<string, Arrangement> = {
  petition: {
    groups: [
      ['matter', ['title', 'category', 'place', 'site', 'content', 'request', 'accused_name', 'accused']],
      ['petitioner', ['petitioner', 'petitioner_name', 'phone', 'email', 'address']],
      ['source', ['channel', 'received_at', 'sender', 'ticket', 'sender_due_at', 'earlier_case']],
      ['nature', ['urgency', 'confidentiality', 'head_count', 'representatives']],
    ],
    matters: {
      petitioner_name: reachable, phone: reachable, email: reachable, address: reachable,
      sender: passedOn, ticket: passedOn, sender_due_at: passedOn,
      representatives: inPerson,
    },
  },
}

/** The groups of a form with the fields that matter for these values (null: all); no field of the schema is ever lost. */
export function arrange(workflow: string, fields: Field[], values: Values | null): Group[] {
  const arrangement = ARRANGEMENTS[workflow]
  if (!arrangement) return [{ key: 'all', fields }]
  const shown = fields.filter(({ name }) => values === null || (arrangement.matters[name]?.(values) ?? true))
  const named = new Set(arrangement.groups.flatMap(([, names]) => names))
  return arrangement.groups.map(([key, names], index) => {
    const last = index === arrangement.groups.length - 1
    const own = names.flatMap((name) => shown.filter((field) => field.name === name))
    return { key, fields: last ? [...own, ...shown.filter((field) => !named.has(field.name))] : own }
  }).filter((group) => group.fields.length > 0)
}

/** Fields that take the whole width. */
export function isWide({ name, widget }: Field): boolean {
  return ['textarea', 'json', 'list'].includes(widget) || ['title', 'address'].includes(name)
}
