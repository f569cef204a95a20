// Asking for what a page shows: busy, failed or there; a newer question makes the older answer void.
import { onScopeDispose, ref, shallowRef } from 'vue'
import { ApiFailure } from './api/client'
import type { AnyText } from './api/types'

export function useLoading<T>(ask: (signal: AbortSignal) => Promise<T>) {
  const busy = ref(false)
  const failure = ref<AnyText | null>(null)
  const status = ref(0)
  const value = shallowRef<T | null>(null)
  let running: AbortController | null = null

  async function load(): Promise<void> {
    running?.abort()
    const own = new AbortController()
    running = own
    busy.value = true
    try {
      const answer = await ask(own.signal)
      if (own.signal.aborted) return
      value.value = answer
      failure.value = null
      status.value = 200
    } catch (problem) {
      if (own.signal.aborted) return
      if (!(problem instanceof ApiFailure)) throw problem
      failure.value = problem.text
      status.value = problem.status
    } finally {
      if (running === own) { busy.value = false; running = null }
    }
  }

  onScopeDispose(() => { running?.abort() })
  return { busy, failure, status, value, load }
}
