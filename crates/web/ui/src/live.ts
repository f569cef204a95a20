// Live pages: the service says which case changed, the page asks again. Without the stream: once a minute.
import { onScopeDispose, reactive } from 'vue'
import { ROOT } from './root'

export interface Change { case: string | null; number: string | null; kind: string }

const listeners = new Set<(change: Change) => void>()
/** Whether the stream is there; shown in the header. */
export const live = reactive({ connected: false })

const MISSED: Change = { case: null, number: null, kind: 'missed' }
const FALLBACK_MS = 60_000

let source: EventSource | null = null
let fallback: ReturnType<typeof setInterval> | undefined

/** Begins to listen; safe to call again. */
export function listen(): void {
  if (source) return
  source = new EventSource(`${ROOT}/api/events`)
  let lost = false
  source.onopen = () => {
    live.connected = true
    if (lost) tell(MISSED)
    lost = false
  }
  source.onerror = () => {
    live.connected = false
    lost = true
    // A stream the server closed for good is not reconnected by the browser.
    if (source?.readyState === EventSource.CLOSED) { source = null; setTimeout(listen, FALLBACK_MS) }
  }
  const hear = (event: MessageEvent<string>): void => { tell(read(event.data)) }
  source.addEventListener('case', hear)
  source.onmessage = hear
  fallback ??= setInterval(() => { if (!live.connected) tell(MISSED) }, FALLBACK_MS)
}

export function hangUp(): void {
  source?.close()
  source = null
  live.connected = false
  clearInterval(fallback)
  fallback = undefined
}

/** Something changed by our own doing that the stream may not tell, such as the demonstration clock. */
export function tell(change: Change = MISSED): void {
  for (const listener of listeners) listener(change)
}

function read(data: string): Change {
  try { return JSON.parse(data) as Change } catch { return MISSED }
}

/**
 * Calls `refresh` when a case changed that `concerns` says is on the page. Many changes at once become one call.
 */
export function onChange(refresh: () => void, concerns: (change: Change) => boolean = () => true): void {
  let waiting: ReturnType<typeof setTimeout> | undefined
  const listener = (change: Change): void => {
    if (change.case !== null && !concerns(change)) return
    waiting ??= setTimeout(() => { waiting = undefined; refresh() }, 300)
  }
  listeners.add(listener)
  onScopeDispose(() => { listeners.delete(listener); clearTimeout(waiting) })
}
