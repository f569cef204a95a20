// Drinking-water sources in the browser: the catalogue, a source with what lies above it, the map without the internet and
// the list that says the same. Then the pages in both languages.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { ask, assertNothingWrong, assertPageHolds, BASE, launch, openPage, shot } from './office.mjs'

let browser, page, number
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

describe('drinking-water sources and their plans', () => {
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

  test('a plan begins with what is known, is written field by field, and says what is missing', async () => {
    await page.goto(`${BASE}/sources/DW25`)
    await page.waitForSelector('#begin-unit option', { state: 'attached' })
    assert.match(await page.textContent('section[aria-labelledby=zones-title]'), /一级保护区.*推定，未经批准文件核实/)
    await page.selectOption('#begin-unit', 'water-section')
    await page.getByRole('button', { name: '启动编制预案' }).click()
    await page.waitForSelector('#complete-title')
    number = new URL(page.url()).pathname.split('/').at(-1)
    assert.match(await page.textContent('h1'), /观音桥闸坝突发环境事件应急预案/)
    assert.match(await page.inputValue('#field-risks'), /金鸡岩洗选厂/)
    assert.match(await page.textContent('.completeness'), /尚缺必填内容：.*应急指挥部/)
    const before = await page.locator('#bar-required').evaluate((bar) => bar.value)
    // The name of what is missing leads to it.
    await page.locator('.completeness').getByRole('link', { name: '应急指挥部' }).press('Enter')
    await page.waitForFunction(() => document.activeElement?.id === 'field-command')
    await page.keyboard.type('总指挥：区政府分管领导；成员：区生态环境局、区水利局。')
    // A reload loses nothing of what was typed.
    await page.waitForSelector('#save-command')
    await page.reload()
    await page.waitForFunction(() => document.querySelector('#field-command')?.value.includes('总指挥'))
    await page.locator('#save-command').press('Enter')
    await page.waitForFunction((n) => document.querySelector('#bar-required').value === n + 1, before)
    assert.match(await page.locator('#at-command').innerText(), /已填写[\s\S]*保存于/)
    await page.locator('#add-tasks').press('Enter')
    await page.locator('#at-tasks select').last().selectOption({ label: '区水利局' })
    await page.locator('#at-tasks tbody input[type=text]').last().fill('停止取水')
    await page.locator('#save-tasks').press('Enter')
    await page.waitForFunction(() => /已填写[\s\S]*保存于/.test(document.querySelector('#at-tasks').innerText))
    await shot(page, 'plan-editor')
  })

  test('whoever is behind sees both texts and chooses; two versions stand side by side', async () => {
    await page.fill('#field-groups', '处置组、监测组、供水保障组')
    const data = { section: 'groups', text: '处置组、监测组', base: 0 }
    await ask(page, `/api/cases/${number}/events`, 'POST', { id: randomUUID(), event: 'section.saved', data })
    await page.waitForSelector('#at-groups .notice.bad')
    assert.equal(await page.locator('#at-groups ins').first().innerText().then((text) => text.includes('供水')), true)
    await shot(page, 'plan-conflict')
    await page.getByRole('button', { name: '以我的内容保存' }).press('Enter')
    await page.waitForFunction(() => /已填写/.test(document.querySelector('#at-groups').textContent) && !document.querySelector('#at-groups .notice.bad'))
    assert.equal(await page.inputValue('#field-groups'), '处置组、监测组、供水保障组')
    await page.getByRole('button', { name: '版本与比较' }).press('Enter')
    await page.waitForSelector('.pair-row')
    const rows = await page.locator('.pair-row').allInnerTexts()
    assert.ok(rows.some((row) => row.includes('应急指挥部') && row.includes('总指挥')), rows.join('|'))
    assert.ok(rows.every((row) => !row.includes('编制目的')), 'only what differs')
    assert.ok(await page.locator('.pair-row ins').count() > 0)
    // What was saved a moment ago is the newest on the page, too: what stands right is the newest as long as none was chosen.
    const { versions } = await ask(page, `/api/cases/${number}/plan`)
    await page.waitForFunction((n) => document.querySelector('.versions .tabular')?.textContent === String(n), versions[0].n)
    await page.getByRole('button', { name: /放左侧/ }).first().press('Enter')
    await page.waitForFunction(() => /两个版本没有不同/.test(document.querySelector('.compared').textContent))
    await page.selectOption('#left', '1')
    await page.waitForSelector('.pair-row')
    await shot(page, 'plan-compare')
  })

  test('the map sheet comes as PDF, with what the plan says', async () => {
    await page.goto(`${BASE}/sources/DW25`)
    await page.waitForSelector('.prints')
    const at = await page.getByRole('link', { name: '一图 A4（PDF）' }).getAttribute('href')
    const head = await page.evaluate(async (url) => {
      const answer = await fetch(url)
      const bytes = new Uint8Array(await answer.arrayBuffer())
      return { type: answer.headers.get('content-type'), begins: String.fromCharCode(...bytes.slice(0, 5)), size: bytes.length }
    }, at)
    assert.deepEqual([head.type, head.begins], ['application/pdf', '%PDF-'])
    assert.ok(head.size > 20_000, String(head.size))
    const svg = await page.evaluate(() => fetch('/api/sources/DW25/sheet').then((answer) => answer.text()))
    assert.ok(svg.includes('前 1 小时　区水利局：停止取水'), 'the sheet says what the plan says')
    const zones = await page.evaluate(() => fetch('/api/waters').then((answer) => answer.json()).then((all) => all.features.filter((one) => one.properties.group === 'zone').length))
    assert.ok(zones > 10)
    await page.waitForSelector('.map[data-ready]')
    await page.locator('#layer-zone').press('Space')
    assert.equal(await page.locator('#layer-zone').isChecked(), false)
    await page.goto(`${BASE}/assurance`)
    await page.waitForFunction(() => /28 个在用水源|个在用水源中 0 个/.test(document.querySelector('main').textContent))
  })

  test('nothing was asked of the internet, and the pages hold in both languages', async () => {
    assert.deepEqual(outside, [])
    assertNothingWrong(page)
    const on = await below()
    await assertPageHolds(page, 'sources', '/sources')
    await assertPageHolds(page, 'source', `/sources/${on}`)
    await assertPageHolds(page, 'plan', `/plans/${number}`)
    assert.deepEqual(outside, [])
  })
})
