// Units, towns, categories and workflows: asked once, kept, shared by all pages.
import { reactive } from 'vue'
import { api } from './api/endpoints'
import type { Choice, Unit, Workflow } from './api/types'
import { type Key, pick, t } from './i18n'

interface Directory { units: Unit[]; towns: Choice[]; categories: Choice[]; workflows: Workflow[] }

export const directory = reactive<Directory>({ units: [], towns: [], categories: [], workflows: [] })

let asked: Promise<void> | null = null

/** Makes the directory be there. A failure is not kept: the next page asks again. */
export function loadDirectory(): Promise<void> {
  asked ??= (async () => {
    const [units, towns, categories, workflows] = await Promise.all([
      api.units(), api.towns(), api.categories(), api.workflows(),
    ])
    Object.assign(directory, { units, towns, categories, workflows })
  })().catch((problem: unknown) => { asked = null; throw problem })
  return asked
}

export function forgetDirectory(): void {
  asked = null
  Object.assign(directory, { units: [], towns: [], categories: [], workflows: [] })
}

export function unitName(id: string): string {
  const unit = directory.units.find((u) => u.id === id)
  return unit ? pick(unit.title ?? unit.name) : id
}

export function townName(id: string): string { return choice(directory.towns, id) }
export function categoryName(id: string): string { return choice(directory.categories, id) }

function choice(choices: Choice[], id: string): string {
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

const MARKS: Record<string, Key> = { overdue: 'mark.overdue', unassigned: 'mark.unassigned', 'notice-overdue': 'mark.notice-overdue' }

/** A mark of a case in words; one that no locale names is shown as the workflow wrote it. */
export function markTitle(mark: string): string {
  const key = MARKS[mark]
  return key ? t(key) : mark
}
