// Stations in the browser: simulated stations speak over real lines, a spill is started on the page of a station, the
// alarm and its incident appear, and the rules say why others did not fire. Then the pages in both languages.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ask, assertNothingWrong, assertPageHolds, BASE, launch, openPage, PATIENCE, people, shot, signIn } from './office.mjs'

let browser, page

before(async () => {
  browser = await launch()
  page = await openPage(browser)
  await page.goto(`${BASE}/sign-in?token=${process.env.SIGN_IN}`)
  await page.waitForSelector('nav')
})
after(() => browser?.close())

describe('a spill at the border', () => {
  test('every station is heard, and each says when', async () => {
    await page.getByRole('link', { name: '站点', exact: true }).click()
    await page.waitForSelector('.stations tbody tr')
    await page.waitForFunction(() => document.querySelectorAll('.stations .lamp-green').length === 8, null, { timeout: 2 * PATIENCE })
    assert.match(await page.textContent('.stations'), /石门坎/)
    assert.match(await page.textContent('.page-title'), /8 个站点，8 个在线/)
  })

  test('a station shows its curve, its limits and a table of the same figures', async () => {
    await page.getByRole('link', { name: '石门坎' }).click()
    await page.waitForSelector('.chart svg')
    await page.waitForFunction(() => document.querySelectorAll('.chart svg path').length > 10)
    assert.match(await page.getAttribute('.chart', 'aria-label'), /氨氮.*个读数/)
    assert.match(await page.textContent('.legend'), /≤ 1 mg\/L · GB 3838-2002 Ⅲ/)
    await page.locator('.curve details summary').press('Enter')
    await page.waitForSelector('.curve details tbody tr')
    await page.getByRole('button', { name: /溶解氧/ }).press('Enter')
    await page.waitForFunction(() => /溶解氧 曲线/.test(document.querySelector('#chart-title').textContent))
    await page.waitForFunction(() => /≥ 5 mg\/L/.test(document.querySelector('.legend')?.textContent ?? ''))
    await page.getByRole('button', { name: /氨氮/ }).press('Enter')
  })

  test('the rules say why nothing fired', async () => {
    await page.getByRole('button', { name: '查看原因' }).press('Enter')
    await page.waitForFunction(() => /断面水质超功能类别/.test(document.querySelector('.why-said')?.textContent ?? ''))
    const said = page.locator('.why-said tr', { hasText: '断面水质超功能类别' })
    await page.waitForFunction(() => {
      document.querySelector('#why-title')?.closest('section')?.querySelector('button')?.click()
      return /符合限值 ≤ 1/.test(document.querySelector('.why-said').textContent)
    }, null, { polling: 1000 })
    assert.match(await said.textContent(), /未超出/)
  })

  test('begins with a button, is an alarm within seconds, and the alarm leads to its incident', async () => {
    await page.fill('#spill-value', '8')
    await page.getByRole('button', { name: '开始泄漏' }).press('Enter')
    await page.waitForFunction(() => /已开始/.test(document.querySelector('.demo-spill').textContent))
    await page.waitForFunction(() => /氨氮突升/.test(document.querySelector('.alarms')?.textContent ?? ''), null, { timeout: 2 * PATIENCE })
    await page.waitForSelector('.alarms .number')
    await page.waitForFunction(() => [...document.querySelectorAll('.legend li')].some((li) => /超限值 [1-9]/.test(li.textContent)))
    await shot(page, 'station-spill')
    await page.getByRole('link', { name: '报警', exact: true }).click()
    await page.waitForSelector('.alarms .lamp-red')
    assert.match(await page.textContent('.alarms'), /石门坎/)
    await shot(page, 'alarms-spill')
    await page.locator('.alarms .number').first().click()
    await page.waitForSelector('.strip')
    assert.match(await page.textContent('h1'), /[A-Z]{2}-\d{8}-\d{6}/)
    assert.match(await page.textContent('main'), /石门坎/)
    assertNothingWrong(page)
  })

  test('a handler of another unit sees the alarm, but not the incident, and cannot start a spill', async () => {
    await people(page, [{ login: 's-handler', name: '镇街测试', roles: ['handler'], units: ['town-shijiao'] }])
    const other = await openPage(browser)
    await signIn(other, 's-handler')
    await other.goto(`${BASE}/alarms?state=open`)
    await other.waitForSelector('.alarms')
    assert.match(await other.textContent('.alarms'), /您无权查看/)
    assert.equal(await other.locator('.alarms .number').count(), 0)
    await other.goto(`${BASE}/stations/S3`)
    await other.waitForSelector('.chart svg')
    assert.equal(await other.locator('.demo-spill').count(), 0)
    assertNothingWrong(other)
    await other.context().close()
  })

  test('ends, and the pages hold in both languages', async () => {
    await page.goto(`${BASE}/stations/S3`)
    await page.getByRole('button', { name: '全部恢复正常' }).press('Enter')
    await page.waitForFunction(() => /已恢复正常/.test(document.querySelector('.demo-spill').textContent))
    assert.deepEqual((await ask(page, '/api/stations')).demo, [])
    await assertPageHolds(page, 'stations', '/stations')
    await assertPageHolds(page, 'station', '/stations/S3?pollutant=w21003')
    await assertPageHolds(page, 'alarms', '/alarms')
    await assertPageHolds(page, 'alarms-none', '/alarms?state=over&station=A1')
    await page.goto(`${BASE}/stations/nowhere`)
    await page.waitForSelector('.notice.bad')
    await page.context().close()
  })
})
