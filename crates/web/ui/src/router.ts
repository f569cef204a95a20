// The pages and who may see them. A page asks for a permission by name; the service decides again at every door.
import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'
import type { Permission } from './api/types'
import { ROOT } from './root'
import { may, signedIn, whoIsThere } from './session'

declare module 'vue-router' {
  interface RouteMeta { needs?: Permission; open?: boolean }
}

const routes: RouteRecordRaw[] = [
  { path: '/sign-in', name: 'sign-in', component: () => import('./pages/SignIn.vue'), meta: { open: true } },
  { path: '/', name: 'home', component: () => import('./pages/LostPage.vue') },
  { path: '/log', name: 'log', component: () => import('./pages/IntakePage.vue'), meta: { needs: 'open_cases' } },
  { path: '/work', name: 'work', component: () => import('./pages/WorkPage.vue'), meta: { needs: 'see_cases' } },
  { path: '/cases/:key', name: 'case', component: () => import('./pages/CasePage.vue'), meta: { needs: 'see_cases' } },
  { path: '/incidents/:key', name: 'incident', component: () => import('./pages/IncidentPage.vue'), meta: { needs: 'see_cases' } },
  { path: '/overdue', name: 'overdue', component: () => import('./pages/OverduePage.vue'), meta: { needs: 'see_cases' } },
  { path: '/mails', name: 'mails', component: () => import('./pages/MailsPage.vue'), meta: { needs: 'see_mails' } },
  { path: '/mails/:id', name: 'mail', component: () => import('./pages/MailPage.vue'), props: true, meta: { needs: 'see_mails' } },
  { path: '/stations', name: 'stations', component: () => import('./pages/StationsPage.vue') },
  { path: '/stations/:id', name: 'station', component: () => import('./pages/StationPage.vue') },
  { path: '/sources', name: 'sources', component: () => import('./pages/SourcesPage.vue') },
  { path: '/sources/:id', name: 'source', component: () => import('./pages/SourcePage.vue') },
  { path: '/activations', name: 'activations', component: () => import('./pages/ActivationsPage.vue'), meta: { needs: 'see_cases' } },
  { path: '/plans/:key', name: 'plan', component: () => import('./pages/PlanPage.vue'), meta: { needs: 'see_cases' } },
  { path: '/alarms', name: 'alarms', component: () => import('./pages/AlarmsPage.vue') },
  { path: '/assurance', name: 'assurance', component: () => import('./pages/AssurancePage.vue'), meta: { needs: 'see_assurance' } },
  { path: '/users', name: 'users', component: () => import('./pages/UsersPage.vue'), meta: { needs: 'manage_users' } },
  { path: '/audit', name: 'audit', component: () => import('./pages/AuditPage.vue'), meta: { needs: 'see_audit' } },
  { path: '/account', name: 'account', component: () => import('./pages/AccountPage.vue') },
  { path: '/:rest(.*)*', name: 'lost', component: () => import('./pages/LostPage.vue'), meta: { open: true } },
]

/** The first page: whatever this person can work with. */
function home(): string {
  if (may('see_cases')) return 'work'
  if (may('manage_users')) return 'users'
  return may('see_assurance') ? 'assurance' : 'account'
}

const RELOADED = 'huiyin.reloaded'

export const router = createRouter({
  history: createWebHistory(ROOT === '' ? '/' : `${ROOT}/`),
  routes,
  scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? false : { top: 0 }),
})

router.beforeEach(async (to) => {
  // No answer is not the same as nobody signed in: say so, and keep the way back.
  if (!await whoIsThere()) return to.name === 'lost' ? true : { name: 'lost', params: { rest: ['offline'] }, query: { why: 'offline', next: to.fullPath } }
  if (to.meta.open === true) return signedIn.value && to.name === 'sign-in' ? { name: home() } : true
  if (!signedIn.value) return { name: 'sign-in', query: to.fullPath === '/' ? {} : { next: to.fullPath } }
  // Decided here and not by a redirect of the route: only now it is known who is there.
  if (to.name === 'home') return { name: home(), replace: true }
  if (to.meta.needs && !may(to.meta.needs)) return { name: 'lost', params: { rest: to.path.slice(1).split('/') }, query: { why: 'permission' } }
  return true
})

// After an update of the service the files of the page that is open are gone: load it anew, once.
router.onError((problem, to) => {
  const missing = /dynamically imported module|Importing a module|Failed to fetch|preload CSS/i.test(String(problem))
  if (!missing || sessionStorage.getItem(RELOADED) === to.fullPath) return
  sessionStorage.setItem(RELOADED, to.fullPath)
  window.location.assign(ROOT + to.fullPath)
})
router.afterEach(() => { sessionStorage.removeItem(RELOADED) })
