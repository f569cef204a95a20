// Drafts: what was typed and not yet sent, so that a reload or an expired session loses nothing.
// Kept in the browser's tab only (sessionStorage), under the person who typed it; gone when sent, thrown away, when that
// person signs out, when somebody else signs in, and when the tab is closed. A store that refuses keeps nothing.
import { ROOT } from '../root'
import type { Values } from './schema'

/** `id` and `sent` belong to a command whose answer never came: sending the same again must do it once. */
export interface Draft { values: Values; id: string; sent: string; at: number }

/** An exercise has drafts of its own. */
const PREFIX = `huiyin.draft${ROOT}.`
const OWNER = 'huiyin.draft-of'
/** After this long a draft is old news, milliseconds. */
const LASTS_MS = 24 * 60 * 60 * 1000

export function keepDraft(name: string, draft: Draft): void {
  try { sessionStorage.setItem(PREFIX + name, JSON.stringify(draft)) } catch { /* nothing is kept then */ }
}

export function draftOf(name: string, now: number = Date.now()): Draft | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(PREFIX + name) ?? 'null') as Partial<Draft> | null
    if (kept === null || typeof kept.values !== 'object' || typeof kept.id !== 'string') return null
    const at = kept.at ?? 0
    return now - at > LASTS_MS ? null : { values: kept.values, id: kept.id, sent: kept.sent ?? '', at }
  } catch { return null }
}

export function dropDraft(name: string): void {
  try { sessionStorage.removeItem(PREFIX + name) } catch { /* there is none */ }
}

/** Throws all drafts away. */
export function dropAllDrafts(): void {
  try {
    const names = Array.from({ length: sessionStorage.length }, (_, i) => sessionStorage.key(i))
    for (const name of names) if (name?.startsWith(PREFIX)) sessionStorage.removeItem(name)
  } catch { /* there are none */ }
}

/** Says whose drafts these are. Another person's are thrown away before anybody can see them. */
export function draftsBelongTo(user: string): void {
  try {
    if (sessionStorage.getItem(OWNER) !== user) dropAllDrafts()
    sessionStorage.setItem(OWNER, user)
  } catch { /* nothing is kept then */ }
}
