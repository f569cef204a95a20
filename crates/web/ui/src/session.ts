// Who is signed in, and the office's time. The one state that all pages share.
import { computed, reactive } from 'vue'
import { ApiFailure, setCsrf } from './api/client'
import { api } from './api/endpoints'
import type { Permission, Session } from './api/types'
import { draftsBelongTo } from './form/draft'
import { setLocaleFromAccount } from './i18n'

interface State { known: boolean; session: Session | null; lead: number; tick: number }

const state = reactive<State>({ known: false, session: null, lead: 0, tick: Date.now() })

export const session = computed(() => state.session)
export const signedIn = computed(() => state.session !== null)
/** The office's time in milliseconds: the service's clock carried on by the computer's. Moves once a second. */
export const officeNow = computed(() => state.tick + state.lead)

setInterval(() => { state.tick = Date.now() }, 1000)

export function may(permission: Permission): boolean {
  return state.session?.permissions.includes(permission) ?? false
}

/** Takes over an answer of the service about who is signed in. */
export function enter(session: Session): void {
  const first = state.session === null
  draftsBelongTo(session.user.id)
  state.session = session
  state.known = true
  setCsrf(session.csrf, session.user.id)
  setOfficeTime(session.now)
  if (first) setLocaleFromAccount(session.language)
}

export function leave(): void {
  state.session = null
  state.known = true
  setCsrf('')
}

/** Sets the office's time from an answer of the service. */
export function setOfficeTime(now: string): void {
  state.tick = Date.now()
  state.lead = Date.parse(now) - state.tick
}

/** Asks once per page load who is signed in. False: there was no answer, so it is not known. */
export async function whoIsThere(): Promise<boolean> {
  if (state.known) return true
  try { enter(await api.session()) } catch (problem) {
    if (!(problem instanceof ApiFailure) || problem.status !== 401) return false
    leave()
  }
  return true
}
