// The life of a form: values, problems at fields, one refusal above it, sending, focus on what is wrong, and the draft.
import { computed, nextTick, onScopeDispose, reactive, ref, type Ref, watch } from 'vue'
import { alarm } from '../announce'
import { ApiFailure } from '../api/client'
import type { AnyText, FieldError } from '../api/types'
import { commandId } from '../id'
import { pick, t } from '../i18n'
import { isListed } from '../directory'
import { placeDetails, type Problems, problemsOf } from './check'
import { draftOf, dropDraft, keepDraft } from './draft'
import { dataOf, type Field, type Values } from './schema'

export interface Refusal { text: AnyText; details: FieldError[] }

const KEEP_AFTER_MS = 300

/**
 * `shown`: the fields on the page now; others are neither checked nor sent.
 * `draftName`: where unsent values are kept; without it nothing is kept (passwords).
 */
export function useForm(prefix: string, shown: Ref<Field[]>, draftName?: () => string) {
  const values = reactive<Values>({})
  const problems = ref<Problems>({})
  const refusal = ref<Refusal | null>(null)
  const busy = ref(false)
  /** When the values on the page were typed, if they come from a draft. */
  const restored = ref<number | null>(null)
  // The same id for the same form: sending it twice, after a broken connection, does it once.
  let id = commandId()
  let sentBody = ''
  let first = ''

  const data = computed(() => dataOf(shown.value, values))
  const fieldId = (name: string): string => `${prefix}-${name}`
  const changed = (): boolean => JSON.stringify(values) !== first

  /** Begins with these values, or with the draft that lies over them. */
  function begin(firstValues: Values, { fromDraft = true } = {}): void {
    for (const name of Object.keys(values)) Reflect.deleteProperty(values, name)
    Object.assign(values, firstValues)
    first = JSON.stringify(values)
    problems.value = {}
    refusal.value = null
    restored.value = null
    id = commandId()
    sentBody = ''
    const draft = draftName && fromDraft ? draftOf(draftName()) : null
    if (!draft) return
    for (const [name, value] of Object.entries(draft.values)) if (name in values) values[name] = value
    if (!changed()) return
    id = draft.id
    sentBody = draft.sent
    restored.value = draft.at
  }

  let waiting: ReturnType<typeof setTimeout> | undefined
  function keep(): void {
    clearTimeout(waiting)
    waiting = undefined
    if (!draftName || first === '') return
    if (changed()) keepDraft(draftName(), { values: { ...values }, id, sent: sentBody, at: Date.now() })
    else dropDraft(draftName())
  }
  function keepSoon(): void { clearTimeout(waiting); waiting = setTimeout(keep, KEEP_AFTER_MS) }
  if (draftName) {
    watch(values, keepSoon, { deep: true })
    window.addEventListener('pagehide', keep)
    onScopeDispose(() => { window.removeEventListener('pagehide', keep); if (waiting !== undefined) keep() })
  }
  function forget(): void {
    clearTimeout(waiting)
    waiting = undefined
    first = ''
    if (draftName) dropDraft(draftName())
  }

  /** Checks, sends, and shows what came back. Returns the answer, or null if it was refused. */
  async function send<T>(action: (id: string, data: Record<string, unknown>) => Promise<T>): Promise<T | null> {
    if (busy.value) return null
    refusal.value = null
    problems.value = problemsOf(shown.value, values, isListed)
    if (Object.keys(problems.value).length > 0) { await showFirst(); return null }
    const body = JSON.stringify(data.value)
    if (sentBody !== '' && body !== sentBody) id = commandId()
    sentBody = body
    keep()
    busy.value = true
    try {
      const answer = await action(id, data.value)
      forget()
      return answer
    } catch (failure) {
      await refused(failure)
      return null
    } finally { busy.value = false }
  }

  async function refused(failure: unknown): Promise<void> {
    if (!(failure instanceof ApiFailure)) throw failure
    const placed = placeDetails(shown.value, failure.details)
    problems.value = placed.problems
    refusal.value = { text: failure.text, details: placed.rest }
    // A refusal is an answer: what is sent after it is a new command. No answer means it may have been done.
    if (failure.status >= 400 && failure.status < 500) { id = commandId(); sentBody = '' }
    keep()
    if (Object.keys(placed.problems).length > 0) await showFirst()
    else {
      alarm(pick(failure.text))
      await nextTick()
      document.getElementById(`${prefix}-refusal`)?.focus()
    }
  }

  async function showFirst(): Promise<void> {
    await nextTick()
    const wrong = shown.value.filter((field) => field.name in problems.value)
    alarm(t('form.wrong', { n: wrong.length }))
    const [field] = wrong
    if (field) document.getElementById(fieldId(field.name))?.focus()
  }

  function clearProblem(name: string): void { Reflect.deleteProperty(problems.value, name) }

  return { values, problems, refusal, busy, data, restored, fieldId, begin, changed, forget, send, clearProblem }
}
