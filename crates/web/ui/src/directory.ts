// Units, towns, categories and workflows: asked once, kept, shared by all pages.
import { reactive } from 'vue'
import { activationApi, type WaterPoint } from './api/activations'
import { api } from './api/endpoints'
import type { AnyText, Choice, EventForm, JsonSchema, Text, Unit, Workflow } from './api/types'
import { type Key, locale, pick, t } from './i18n'
import { may } from './session'

interface Directory { units: Unit[]; towns: Choice[]; categories: Choice[]; points: WaterPoint[]; workflows: Workflow[] }

export const directory = reactive<Directory>({ units: [], towns: [], categories: [], points: [], workflows: [] })

let asked: Promise<void> | null = null

/** Makes the directory be there. A failure is not kept: the next page asks again. */
export function loadDirectory(): Promise<void> {
  asked ??= (async () => {
    const [units, towns, categories, points, workflows] = await Promise.all([
      api.units(), api.towns(), api.categories(), activationApi.points(),
      // Who sees no cases (an administrator) needs no workflows, and is not given them.
      may('see_cases') ? api.workflows() : Promise.resolve([]),
    ])
    Object.assign(directory, { units, towns, categories, points, workflows })
  })().catch((problem: unknown) => { asked = null; throw problem })
  return asked
}

export function forgetDirectory(): void {
  asked = null
  Object.assign(directory, { units: [], towns: [], categories: [], points: [], workflows: [] })
}

/** Whether a unit, town or category is in the directory; true while the directory is not there. */
export function isListed(widget: string, id: string): boolean {
  const lists: Record<string, { id: string }[]> = { unit: directory.units, town: directory.towns, category: directory.categories }
  const list = lists[widget] ?? []
  return list.length === 0 || list.some((one) => one.id === id)
}

export function unitName(id: string): string {
  const unit = directory.units.find((u) => u.id === id)
  return unit ? pick(unit.title ?? unit.name) : id
}

const ROLES: Record<string, Key> = {
  operator: 'role.operator', dispatcher: 'role.dispatcher', handler: 'role.handler', supervisor: 'role.supervisor', 'unit-head': 'role.unit-head',
  'bureau-head': 'role.bureau-head', emergency: 'role.emergency', admin: 'role.admin', auditor: 'role.auditor',
}

/** The owner of a case in the language chosen; the service's own name for whoever the directory does not list. */
export function ownerName({ owner, owner_name: name }: { owner: string | null; owner_name: string | null }): string {
  if (owner === null) return t('case.noOwner')
  const [kind = '', id = ''] = owner.split(':')
  if (kind === 'unit' && directory.units.some((unit) => unit.id === id)) return unitName(id)
  const role = kind === 'role' ? ROLES[id] : undefined
  return role && locale.value === 'en' ? t(role) : (name ?? owner)
}

export function townName(id: string): string { return choice(directory.towns, id) }
export function pointName(id: string): string { return choice(directory.points, id) }
export function categoryName(id: string): string { return choice(directory.categories, id) }

function choice(choices: { id: string; title: AnyText }[], id: string): string {
  const found = choices.find((c) => c.id === id)
  return found ? pick(found.title) : id
}

export function workflowNamed(name: string): Workflow | undefined {
  return directory.workflows.find((w) => w.name === name)
}

/** Title of a clock of a workflow. */
export function clockTitle(workflow: string, clock: string | null): string {
  if (!clock) return ''
  const found = workflowNamed(workflow)?.clocks.find((c) => c.name === clock)
  return found ? pick(found.title) : clock
}

/** The schemas by which data of a case is read: of its data, of the form that opened it, of the events given. */
export function schemasOf(workflow: string, events: EventForm[] = []): Record<string, JsonSchema> {
  const own = workflowNamed(workflow)
  const known: Record<string, JsonSchema> = {}
  for (const properties of [own?.data?.properties, own?.intake?.properties, ...events.map((event) => event.form?.properties), own?.fields]) {
    for (const [name, property] of Object.entries(properties ?? {})) {
      const had = known[name]
      // The data of a case seldom says what its choices are called; the form that asked for them does.
      known[name] = had === undefined ? property : { ...(property.enumTitles ? { enumTitles: property.enumTitles } : {}), ...had }
    }
  }
  return known
}

const LINKS: Record<string, Key> = {
  activation: 'link.activation', plan: 'link.plan', 'co-handling': 'link.co-handling', enforcement: 'link.enforcement', review: 'link.review', 'new-facts': 'link.new-facts', 'incident-task': 'link.incident-task', parent: 'link.parent',
}

/** What a linked case is to this one; a link that no locale names is shown as the workflow wrote it. */
export function linkTitle(link: string): string {
  const key = LINKS[link]
  return key ? t(key) : link
}

/** Title of a clock when only its name is known: of whichever workflow has it. */
export function anyClockTitle(clock: string | null): string {
  if (clock === null) return ''
  const owner = directory.workflows.find((workflow) => workflow.clocks.some((c) => c.name === clock))
  return owner ? clockTitle(owner.name, clock) : clock
}

/** The marks of a case in words, as far as the service gives them. */
export function marks(row: { marks: string[]; mark_titles?: Text[] }): AnyText[] { return row.mark_titles ?? row.marks }
