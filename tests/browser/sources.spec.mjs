// Drinking-water sources in the browser: the catalogue, a source with what lies above it, the map without the internet and
// the list that says the same. Then the pages in both languages.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { assertNothingWrong, assertPageHolds, BASE, launch, openPage, shot } from './office.mjs'

let browser, page
const outside = []
/** A source that has risk sources above it. */
async function below() {
  return page.evaluate(async () => {
    const { rows } = await (await fetch('/api/sources')).json()
    for (const row of rows.filter((one) => one.on_network)) {
      const source = await (await fetch(`/api/sources/${row.id}`)).json()
      if (source.upstream.length > 2) return row.id
    }
    throw new Error('no source lies below three risk sources')
  })
}

before(async () => {
  browser = await launch()
  page = await openPage(browser)
  page.on('request', (request) => { if (!request.url().startsWith(BASE) && /^https?:/.test(request.url())) outside.push(request.url()) })
  await page.goto(`${BASE}/sign-in?token=${process.env.SIGN_IN}`)
  await page.waitForSelector('nav')
})
after(() => browser?.close())

describe('drinking-water sources', () => {
  test('the catalogue names all 35, marks what nobody surveyed, and says how many have a plan', async () => {
    await page.getByRole('link', { name: '水源', exact: true }).click()
    await page.waitForSelector('.sources tbody tr')
    assert.equal(await page.locator('.sources tbody tr').count(), 35)
    const placed = await page.evaluate(() => fetch('/api/sources').then((answer) => answer.json()).then((list) => list.rows.filter((row) => row.at).length))
    assert.ok(placed > 25)
    assert.equal(await page.locator('.sources tbody .mark').count(), placed)
    assert.match(await page.textContent('.page-title'), /35 个水源中 0 个有施行中的预案/)
    await page.fill('#words', '石角')
    await page.waitForFunction(() => document.querySelectorAll('.sources tbody tr').length < 35)
    assert.match(await page.textContent('.sources'), /石角镇/)
    await page.fill('#words', 'no such source')
    await page.waitForFunction(() => [...document.querySelectorAll('.empty')].some((one) => /清除筛选/.test(one.textContent)))
    await page.fill('#words', '')
  })

  test('the map draws itself from what the service says, and its layers can be switched', async () => {
    await page.waitForSelector('.map[data-ready]')
    await page.waitForTimeout(500)
    await shot(page, 'sources-map')
    const drawn = () => page.evaluate(() => document.querySelector('.map canvas').width)
    assert.ok(await drawn() > 100)
    await page.locator('#layer-source').press('Space')
    assert.equal(await page.locator('#layer-source').isChecked(), false)
    await page.locator('#layer-source').press('Space')
    await page.locator('details', { hasText: '文字清单' }).locator('summary').first().press('Enter')
    await page.waitForSelector('.map-list li')
    assert.match(await page.textContent('.map-list'), /北渡铝产业园/)
    assert.match(await page.textContent('.map-list'), /黑千沟水库|玉荷塘水库/)
    await page.locator('.map-list button').first().press('Enter')
  })

  test('a source on the river says which risk sources reach it when', async () => {
    const on = await below()
    await page.goto(`${BASE}/sources/${on}`)
    await page.waitForSelector('#upstream')
    await page.waitForSelector('.map[data-ready]')
    const rows = await page.locator('section[aria-labelledby=upstream] tbody tr').allInnerTexts()
    assert.ok(rows.length > 0)
    const first = rows.map((row) => Number(row.match(/([\d.]+)–[\d.]+ 小时/)[1]))
    assert.deepEqual(first, [...first].sort((a, b) => a - b), 'in order of arrival')
    assert.match(await page.textContent('section[aria-labelledby=upstream]'), /Jobson/)
    const [sheet] = await Promise.all([page.context().waitForEvent('page'), page.getByRole('link', { name: '打印一图（A3）' }).click()])
    await sheet.waitForSelector('svg text')
    assert.match(await sheet.evaluate(() => document.documentElement.textContent), /上游风险源/)
    await sheet.close()
    await page.goto(`${BASE}/sources/DW01`)
    await page.waitForFunction(() => /现场核定/.test(document.querySelector('main').textContent))
  })

  test('nothing was asked of the internet, and the pages hold in both languages', async () => {
    assert.deepEqual(outside, [])
    assertNothingWrong(page)
    const on = await below()
    await assertPageHolds(page, 'sources', '/sources')
    await assertPageHolds(page, 'source', `/sources/${on}`)
    assert.deepEqual(outside, [])
  })
})
