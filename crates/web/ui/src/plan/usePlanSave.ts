// Saving one field of a plan: which save it began from, what was typed and not saved (kept in the tab), whether somebody else
// saved meanwhile, and one command id for one body. The page asks anew after a save.
import { computed, ref, watch } from 'vue'
import { announce } from '../announce'
import { ApiFailure } from '../api/client'
import type { AnyText } from '../api/types'
import { draftOf, dropDraft, keepDraft } from '../form/draft'
import { commandId } from '../id'
import { pick, t } from '../i18n'

/** `now`: what stands there and its count of saves; `send`: saves a body that began from a count. */
export function usePlanSave(name: string, now: () => { body: string; rev: number }, send: (id: string, body: string, base: number) => Promise<unknown>, saved: () => void) {
  const kept = draftOf(name)
  const body = ref(typeof kept?.values['body'] === 'string' ? kept.values['body'] : now().body)
  const base = ref(kept && typeof kept.values['base'] === 'string' ? Number(kept.values['base']) : now().rev)
  const began = ref(kept && typeof kept.values['began'] === 'string' ? kept.values['began'] : now().body)
  const busy = ref(false)
  const failure = ref<AnyText | null>(null)
  let id = kept?.id ?? commandId()
  let sent = kept?.sent ?? ''

  const changed = computed(() => body.value !== began.value)
  const restored = ref(kept !== null && body.value !== began.value)
  const stale = computed(() => changed.value && now().rev !== base.value)

  function keep(): void {
    if (changed.value) keepDraft(name, { values: { body: body.value, base: String(base.value), began: began.value }, id, sent, at: Date.now() })
    else dropDraft(name)
  }
  watch(body, () => { failure.value = null; keep() })
  // What others save is shown at once where nobody types.
  watch(() => [now().body, now().rev], () => { if (!changed.value) discard() })

  function discard(): void {
    body.value = began.value = now().body
    base.value = now().rev
    id = commandId()
    sent = ''
    restored.value = false
    failure.value = null
    dropDraft(name)
  }
  /** Mine in the place of theirs: saved as one that began from what they said. */
  function overTheirs(): Promise<void> { base.value = now().rev; return save() }

  async function save(): Promise<void> {
    if (busy.value) return
    const text = body.value
    if (sent !== '' && sent !== `${String(base.value)} ${text}`) id = commandId()
    sent = `${String(base.value)} ${text}`
    keep()
    busy.value = true
    failure.value = null
    try {
      await send(id, text, base.value)
      began.value = text
      base.value += 1
      id = commandId()
      sent = ''
      restored.value = false
      dropDraft(name)
      announce(t('plan.savedNow'))
      saved()
    } catch (problem) {
      if (!(problem instanceof ApiFailure)) throw problem
      failure.value = problem.details.length > 0 ? problem.details.map((detail) => pick(detail.message)).join(' ') : problem.text
      // A refusal is an answer: the next try is another command. Whoever is behind learns what stands there now.
      if (problem.status >= 400 && problem.status < 500) { id = commandId(); sent = ''; saved() }
    } finally { busy.value = false }
  }
  return { body, busy, failure, changed, restored, stale, save, discard, overTheirs }
}
