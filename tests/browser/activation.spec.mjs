// 启用看板: a spill in the Songkan reach proposes the plans of the intakes below it in order; an officer activates the first, its
// tasks go out and the countdowns run; two clean samples end it, and its plan is to be revised. One server, one clock.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { ask, assertNothingWrong, assertPageHolds, BASE, doStep, launch, letTimeRun, openPage, people, shot, signIn } from './office.mjs'

const BELOW = ['DW24', 'DW25', 'DW10', 'DW30']
let browser, first, duty, number, plan

/** Now by the office's clock, to the minute, as a date-time field wants it. */
async function now(page) {
  const { now: at } = await ask(page, '/api/clock')
  return new Date(Date.parse(at) + 8 * 3600_000).toISOString().slice(0, 16)
}

/** A step of one activation: its fields are told apart by the source. */
async function step(page, source, name, fields = {}) {
  await page.waitForSelector(`[id="do-${source}-${name}"]`)
  await doStep(page, `${source}-${name}`, fields)
}

const card = (source) => `#activation-${source}`
const says = (page, source, words) => page.waitForFunction(([at, text]) => document.querySelector(at)?.textContent.includes(text), [card(source), words])
const sample = async (page, value) => ({ taken_at: await now(page), point: '松藻煤矿水厂取水口', pollutant: '氨氮', value, limit: '0.5' })

/** A plan in force for the first intake. */
async function planInForce(page) {
  const opened = await ask(page, '/api/cases', 'POST', { id: randomUUID(), workflow: 'response-plan', data: { title: '松藻煤矿水厂水源地应急预案', source: 'DW24', unit: 'emergency-office', place: '安稳镇' } })
  // Whatever the shipped workflow asks for before a plan may be submitted.
  const text = readFileSync(new URL('../../workflows/response-plan.yaml', import.meta.url), 'utf8')
  const sections = [...new Set([...text.matchAll(/s\.id == '([a-z-]+)' && s\.text != ''/g)].map(([, id]) => id))]
  const written = !text.includes('section.saved:') ? [] : [
    ...sections.map((section) => ['section.saved', { section, text: '已填写', base: 0 }]),
    ['contacts.saved', { contacts: [{ unit: '安稳镇', duty: '现场处置', phone: '023-00000000' }], base: 0 }],
    ['materials.saved', { materials: [{ name: '吸附毡', amount: '200 米', place: '镇应急库' }], base: 0 }],
    ['tasks.saved', { tasks: [{ key: 'close-intake', unit: 'town-anwen', task: '关闭取水口，回报时间', before_minutes: 60 }], base: 0 }],
  ]
  const steps = [
    ...written, ['submit', { note: '按指南编制' }], ['review.passed', { reviewed_on: '2026-01-05', opinion: '同意通过评审' }], ['approve', {}],
    ['file', { filed_on: '2026-01-06', filed_with: '市生态环境局' }], ['publish', {}],
  ]
  for (const [event, data] of steps) await ask(page, `/api/cases/${opened.number}/events`, 'POST', { id: randomUUID(), event, data })
  return opened.number
}

before(async () => {
  browser = await launch()
  first = await openPage(browser)
  await first.goto(`${BASE}/sign-in?token=${process.env.SIGN_IN}`)
  await first.waitForSelector('nav')
  await people(first, [
    { login: 't-duty', name: '值守测试', roles: ['emergency'], units: ['emergency-office'] },
    { login: 't-plan', name: '预案测试', roles: ['emergency', 'supervisor', 'bureau-head', 'operator'], units: ['emergency-office'], heads: ['emergency-office'] },
  ])
  const planner = await openPage(browser)
  await signIn(planner, 't-plan')
  plan = await planInForce(planner)
  await planner.context().close()
  duty = await openPage(browser)
  await signIn(duty, 't-duty')
})
after(() => browser?.close())

describe('a spill in the Songkan reach', () => {
  test('nothing is under way: the board says what to do', async () => {
    await duty.goto(`${BASE}/work`)
    await duty.getByRole('link', { name: '启用看板' }).click()
    await duty.waitForSelector('.empty')
    assert.match(await duty.innerText('.empty'), /没有进行中的启用.*登记突发环境事件/s)
    await assertPageHolds(duty, 'activations-empty', '/activations')
  })

  test('is logged with the point at which it entered the river, chosen by a few letters', async () => {
    await duty.goto(`${BASE}/log?workflow=incident`)
    await duty.waitForSelector('#log-title')
    await duty.fill('#log-title', '松坎河罐车侧翻，液体入河')
    await duty.fill('#log-learned_at', await now(duty))
    await duty.selectOption('#log-source', 'phone')
    await duty.selectOption('#log-category', 'water')
    await duty.fill('#log-point', '跨界公路')
    await duty.press('#log-point', 'Enter')
    assert.match(await duty.inputValue('#log-point'), /松坎河跨界公路/)
    await duty.keyboard.press('Control+Enter')
    await duty.waitForSelector('#saved-title')
    number = (await duty.textContent('#saved-title')).match(/TF-\d{8}-\d{6}/)[0]
  })

  test('proposes the plans of the intakes below it, in order of arrival, without anybody asking', async () => {
    await duty.goto(`${BASE}/activations`)
    for (const source of BELOW) await says(duty, source, '建议启用，待决定')
    const shown = await duty.locator('.activation').evaluateAll((cards) => cards.map((one) => one.id.replace('activation-', '')))
    assert.deepEqual(shown, BELOW)
    const text = await duty.innerText(card('DW24'))
    assert.match(text, /最早 \d+ (小时|分).*后到达/, 'the countdown runs')
    assert.match(text, new RegExp(plan))
    assert.match(await duty.innerText(card('DW25')), /没有施行中的预案/)
    await duty.click(`${card('DW24')} summary`)
    assert.match(await duty.innerText(card('DW24')), /到达前 60 分钟.*关闭/s)
    assert.match(await duty.innerText(card('DW24')), /假定值，未经测量/)
    await shot(duty, 'activations-proposed')
    await duty.goto(`${BASE}/incidents/${number}`)
    await duty.waitForSelector('.board')
    assert.match(await duty.innerText('.board'), /生态环境监测站.*采样|采样.*生态环境监测站/s)
    assert.match(await duty.innerText('.board'), /江津区/)
    assert.equal(await duty.locator('.activation').count(), 4, 'on the command page, too')
  })

  test('an unconfirmed proposal goes up', async () => {
    await letTimeRun(first, '1 小时')
    await duty.goto(`${BASE}/activations`)
    await says(duty, 'DW24', '启用建议无人决定')
    await says(duty, 'DW24', '已超')
  })

  test('is activated by an officer; tasks go out with their times, and the page hears of it', async () => {
    await step(duty, 'DW24', 'confirm', { note: '现场确认入河' })
    await says(duty, 'DW24', '落实措施')
    await duty.waitForFunction((at) => document.querySelectorAll(`${at} table tbody tr`).length > 0, card('DW24'))
    const text = await duty.innerText(`${card('DW24')} table`)
    assert.match(text, /安稳镇/)
    assert.match(text, /\d{4}-\d\d-\d\d \d\d:\d\d/)
    await step(duty, 'DW25', 'decline', { reason: '上游已截住，水量小' })
    await says(duty, 'DW25', '不启用（定时复核）')
    await shot(duty, 'activations-acting')
  })

  test('is followed until two samples in a row are clean, and what was learned goes back into the plan', async () => {
    await step(duty, 'DW24', 'sample', await sample(duty, '3.2'))
    await says(duty, 'DW24', '超限')
    await step(duty, 'DW24', 'follow', { measures: '取水口已关闭，启用备用水源' })
    await says(duty, 'DW24', '跟踪监测，直至断面恢复')
    await step(duty, 'DW24', 'sample', await sample(duty, '0.3'))
    await step(duty, 'DW24', 'section.clean', await sample(duty, '0.2'))
    await says(duty, 'DW24', '断面已恢复，待总结')
    await step(duty, 'DW24', 'end', { lessons: '拦截材料应预置在观音桥' })
    await duty.waitForFunction((at) => document.querySelector(at) === null, card('DW24'))
    await duty.goto(`${BASE}/cases/${plan}`)
    await duty.waitForFunction(() => document.body.textContent.includes('应当修订'))
    await duty.goto(`${BASE}/incidents/${number}`)
    await says(duty, 'DW24', '已结束')
    assert.match(await duty.innerText(card('DW24')), /拦截材料应预置在观音桥/)
  })

  test('in an exercise the proposals stand in the exercise and nowhere else', async () => {
    const learned = (await ask(duty, '/drill/api/clock')).now
    const real = JSON.stringify((await ask(duty, '/api/activations')).incidents.map((one) => one.incident))
    const data = { title: '演练：松坎河泄漏', source: 'phone', learned_at: learned, category: 'water', point: 'RK21' }
    const drill = await ask(duty, '/drill/api/cases', 'POST', { id: randomUUID(), workflow: 'incident', data })
    await duty.goto(`${BASE}/drill/activations`)
    for (const source of BELOW) await says(duty, source, '建议启用，待决定')
    assert.equal(await duty.locator('.drill-banner').count(), 1)
    await duty.goto(`${BASE}/drill/incidents/${drill.number}`)
    for (const source of BELOW) await says(duty, source, '建议启用，待决定')
    assert.equal(JSON.stringify((await ask(duty, '/api/activations')).incidents.map((one) => one.incident)), real)
  })

  test('the board holds in both languages and on a telephone', async () => {
    await assertPageHolds(duty, 'activations', '/activations')
    await assertPageHolds(duty, 'incident-with-activations', `/incidents/${number}`)
    assertNothingWrong(duty)
  })
})
