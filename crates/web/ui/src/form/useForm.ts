// The life of a form: values, problems at fields, one refusal above it, sending, and focus on what is wrong.
import { computed, nextTick, reactive, ref, type Ref } from 'vue'
import { alarm } from '../announce'
import { ApiFailure } from '../api/client'
import type { AnyText, FieldError } from '../api/types'
import { commandId } from '../id'
import { pick, t } from '../i18n'
import { placeDetails, type Problems, problemsOf } from './check'
import { dataOf, type Field, type Values } from './schema'

export interface Refusal { text: AnyText; details: FieldError[] }

/** `shown`: the fields on the page now; others are neither checked nor sent. */
export function useForm(prefix: string, shown: Ref<Field[]>) {
  const values = reactive<Values>({})
  const problems = ref<Problems>({})
  const refusal = ref<Refusal | null>(null)
  const busy = ref(false)
  // The same id for the same form: sending it twice, after a broken connection, does it once.
  let id = commandId()
  let sentBody = ''

  const data = computed(() => dataOf(shown.value, values))
  const fieldId = (name: string): string => `${prefix}-${name}`

  function begin(first: Values): void {
    for (const name of Object.keys(values)) Reflect.deleteProperty(values, name)
    Object.assign(values, first)
    problems.value = {}
    refusal.value = null
    id = commandId()
    sentBody = ''
  }

  /** Checks, sends, and shows what came back. Returns the answer, or null if it was refused. */
  async function send<T>(action: (id: string, data: Record<string, unknown>) => Promise<T>): Promise<T | null> {
    if (busy.value) return null
    refusal.value = null
    problems.value = problemsOf(shown.value, values)
    if (Object.keys(problems.value).length > 0) { await showFirst(); return null }
    const body = JSON.stringify(data.value)
    if (sentBody !== '' && body !== sentBody) id = commandId()
    sentBody = body
    busy.value = true
    try {
      return await action(id, data.value)
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
    if (failure.status >= 400 && failure.status < 500) id = commandId()
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
    const [first] = wrong
    if (first) document.getElementById(fieldId(first.name))?.focus()
  }

  function clearProblem(name: string): void { Reflect.deleteProperty(problems.value, name) }

  return { values, problems, refusal, busy, data, fieldId, begin, send, clearProblem }
}
