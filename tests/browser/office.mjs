// What the specs share: the browser, signing in, people with their duties, and what every page must hold.
// Stops where behaviour begins; that is in the specs.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { AxeBuilder } from '@axe-core/playwright'
import { chromium } from 'playwright-core'

export const BASE = process.env.BASE_URL
const SHOTS = process.env.SHOTS
/** Everything is tried at its full size, as in CI. */
const THOROUGH = process.env.HUIYIN_THOROUGH === '1'
const PASSWORD = 'a-password-for-tests'
/** WCAG 2.2 AA and everything below it. */
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
const WIDE = { width: 1366, height: 768 }
const NARROW = { width: 390, height: 844 }
/** Longest wait for anything, in milliseconds: other tests may have the processors meanwhile. */
export const PATIENCE = 60_000

export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--lang=zh-CN'], timeout: PATIENCE })
}

/** A page on which nothing may go wrong unseen: errors of the console and of scripts are collected. */
export async function openPage(browser) {
  const context = await browser.newContext({ viewport: WIDE, locale: 'zh-CN', timezoneId: 'America/New_York' })
  const page = await context.newPage()
  page.setDefaultTimeout(PATIENCE)
  page.wrong = []
  // SLOW=6 makes every page six times slower: what only works on a fast machine shows.
  if (process.env.SLOW) await (await context.newCDPSession(page)).send('Emulation.setCPUThrottlingRate', { rate: Number(process.env.SLOW) })
  page.on('console', (message) => {
    // Asking who is signed in, when nobody is, is answered 401; the browser writes that down by itself.
    const asked = message.text().includes('401') && message.location().url.endsWith('/api/session')
    if (message.type() === 'error' && !asked) page.wrong.push(`${message.text()} ${message.location().url} (${page.url()})`)
  })
  page.on('pageerror', (problem) => page.wrong.push(`${problem.message} (${page.url()})`))
  return page
}

export function assertNothingWrong(page) { assert.deepEqual(page.wrong, [], 'errors in the console of the browser') }

export async function signIn(page, login) {
  await page.goto(`${BASE}/sign-in`)
  await page.fill('#user', login)
  await page.fill('#password', PASSWORD)
  await page.keyboard.press('Enter')
  await page.waitForSelector('nav')
}

/** Asks the API as the person signed in on the page. */
export function ask(page, path, method = 'GET', body) {
  return page.evaluate(async ([url, verb, content]) => {
    const { csrf } = await (await fetch('/api/session')).json()
    const answer = await fetch(url, { method: verb, headers: { 'content-type': 'application/json', 'x-csrf-token': csrf }, ...(content ? { body: JSON.stringify(content) } : {}) })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${verb} ${url}: ${answer.status} ${text}`)
    return text === '' ? null : JSON.parse(text)
  }, [path, method, body])
}

/** Makes accounts, one for each duty. */
export async function people(page, list) {
  for (const person of list) await ask(page, '/api/users', 'POST', { id: randomUUID(), password: PASSWORD, ...person })
}

export async function shot(page, name) {
  if (SHOTS) await page.screenshot({ path: `${SHOTS}/${name}.png`, fullPage: true })
}

/** Opens a step of the case that is on the page and fills its fields. A value is typed; an array chooses from a list. */
export async function doStep(page, name, fields = {}) {
  await page.click(`[id="do-${name}"]`)
  const prefix = `event-${name.replace(/\W/g, '-')}`
  for (const [field, value] of Object.entries(fields)) {
    const at = page.locator(`#${prefix}-${field}`)
    const role = await at.getAttribute('role')
    const kind = await at.evaluate((node) => `${node.tagName} ${node.type}`)
    if (value === true) await at.check()
    else if (role === 'combobox') { await at.fill(value); await at.press('Enter') }
    else if (kind.startsWith('SELECT')) await at.selectOption(value)
    else if (kind === 'INPUT radio') await page.locator(`input[name="${prefix}-${field}"][value="${value}"]`).check()
    else await at.fill(value)
  }
  await page.locator(`[id="form-${name}"] button[type=submit]`).click()
  try { await page.waitForSelector(`[id="form-${name}"]`, { state: 'detached' }) } catch {
    assert.fail(`${name} was not taken: ${await page.locator(`[id="form-${name}"]`).innerText()}`)
  }
}

/** Moves the demonstration clock by one of its buttons and waits until it has moved. */
export async function letTimeRun(page, button) {
  const before = await page.evaluate(() => fetch('/api/clock').then((r) => r.json()).then((clock) => clock.now))
  const answered = page.waitForResponse((response) => response.url().endsWith('/api/clock') && response.request().method() === 'POST')
  await page.getByRole('button', { name: button, exact: true }).click()
  const { now } = await (await answered).json()
  assert.ok(Date.parse(now) > Date.parse(before), `${button}: ${before} → ${now}`)
  await page.waitForFunction(() => document.querySelector('.demo-said')?.textContent.includes('已推进'))
}

// Legacy mode: axe does not enter frames; the frame of a mail runs no script and would never answer.
async function assertAccessible(page, name) {
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).withTags(TAGS).analyze()
  const found = violations.map((one) => `${one.id}: ${one.help} — ${one.nodes.slice(0, 3).map((node) => node.html).join(' | ')}`)
  assert.deepEqual(found, [], name)
}

async function assertFits(page, name) {
  await page.setViewportSize(NARROW)
  await page.waitForFunction(() => window.innerWidth === 390)
  await shot(page, `${name}-390`)
  // What draws itself (a chart, a map) follows the new width one picture later.
  await page.waitForFunction(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth).catch(() => {})
  const wider = await page.evaluate(() => {
    const width = document.documentElement.clientWidth
    if (document.documentElement.scrollWidth <= width) return []
    return [...document.querySelectorAll('body *')].filter((node) => node.getBoundingClientRect().right > width + 1).slice(0, 5).map((node) => node.outerHTML.slice(0, 160))
  })
  assert.deepEqual(wider, [], `${name} is wider than 390 px`)
}

/**
 * What holds on every page in both languages: WCAG 2.2 AA, a heading, a title, nothing wider than a telephone. Of the second
 * language, which has the same elements, the usual run looks at the width alone.
 */
export async function assertPageHolds(page, name, path) {
  for (const language of ['zh', 'en']) {
    await page.evaluate((to) => localStorage.setItem('huiyin.language', to), language)
    await page.setViewportSize(WIDE)
    await page.goto(BASE + path)
    await page.waitForSelector('h1')
    await page.waitForFunction(() => !document.querySelector('.loading'))
    await shot(page, `${name}-${language}-1366`)
    if (THOROUGH || language === 'zh') await assertAccessible(page, `${name}-${language}`)
    await assertFits(page, `${name}-${language}`)
  }
  await page.setViewportSize(WIDE)
  await page.evaluate(() => localStorage.setItem('huiyin.language', 'zh'))
}
