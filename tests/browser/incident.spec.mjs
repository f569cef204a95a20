// An incident on its command page: verified, graded, reported in time, ended, evaluated, filed; then one whose two hours
// pass and that climbs the ladder; a public warning; and an exercise. One server, one clock: the order matters.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { ask, assertNothingWrong, assertPageHolds, BASE, doStep, launch, letTimeRun, openPage, people, shot, signIn } from './office.mjs'

let browser, first, duty, command, field

/** Now by the office's clock, to the minute, as a date-time field wants it. */
async function now(page, root = '') {
  const { now: at } = await ask(page, `${root}/api/clock`)
  return new Date(Date.parse(at) + 8 * 3600_000).toISOString().slice(0, 16)
}

async function open(page, data = {}, root = '') {
  const learned = `${await now(page, root)}:00+08:00`
  const { number } = await ask(page, `${root}/api/cases`, 'POST', {
    id: randomUUID(), workflow: 'incident',
    data: { title: '蒲河水面出现油膜', content: '巡河员电话报告，水面有油膜并有气味', source: 'phone', learned_at: learned, category: 'water', place: '石角镇', site: '蒲河大桥下', ...data },
  })
  return number
}

async function at(page, number, root = '') {
  await page.goto(`${BASE}${root}/incidents/${number}`)
  await page.waitForSelector('#clocks-title')
  await page.waitForSelector('#kept-title')
  return page
}

const initial = async (page) => ({
  sent_at: await now(page), method: 'network', happened_at: await now(page), cause: '上游企业阀门破损', pollutants: '石油类，约二十升', readings: '石油类 0.4 mg/L',
  casualties: '无', receptors: '下游水源暂未受影响', trend: '油膜向下游移动', handling: '已布设围油栏', measures: '继续拦截，加密监测', signer: '周局长', contact: '陈值守，值班电话',
})
const feed = () => fetch(`${BASE}/feeds/cap.atom`).then((answer) => answer.text())

before(async () => {
  browser = await launch()
  first = await openPage(browser)
  await first.goto(`${BASE}/sign-in?token=${process.env.SIGN_IN}`)
  await first.waitForSelector('nav')
  await people(first, [
    { login: 't-duty', name: '值守测试', roles: ['emergency'], units: ['duty-desk'] },
    { login: 't-command', name: '指挥测试', roles: ['emergency', 'unit-head'], units: ['emergency-command'], heads: ['emergency-command'] },
    { login: 't-field', name: '执法测试', roles: ['handler'], units: ['enforcement'] },
  ])
  duty = await openPage(browser)
  await signIn(duty, 't-duty')
  command = await openPage(browser)
  await signIn(command, 't-command')
  field = await openPage(browser)
  await signIn(field, 't-field')
})
after(() => browser?.close())

describe('a spill that is dealt with in time', () => {
  let number

  test('stands on its command page with the article and the time that is left', async () => {
    number = await open(duty)
    await duty.goto(`${BASE}/cases/${number}`)
    await duty.getByRole('link', { name: '指挥页' }).press('Enter')
    await duty.waitForSelector('.countdown')
    const clock = duty.locator('.countdown', { hasText: '初报（未定级' })
    assert.match(await clock.innerText(), /部令第17号）第三条/)
    assert.match(await clock.locator('.count').innerText(), /还剩 1 小时 5\d 分|还剩 2 小时/)
    assert.match(await duty.textContent('.strip'), /发现或者得知\s*\d{4}-\d\d-\d\d \d\d:\d\d/, 'a time, not its raw form')
    assert.match(await duty.locator('.report').first().innerText(), /尚缺要素：.*起因和性质/s)
  })

  test('is acknowledged, and its criteria propose a grade that an officer decides', async () => {
    await doStep(duty, 'acknowledge')
    await doStep(duty, 'assess', { injured: '1' })
    await duty.waitForFunction(() => document.querySelector('.strip').textContent.includes('建议级别Ⅳ级'))
    assert.match(await duty.textContent('.strip'), /事件级别\s*未定级/)
    await doStep(duty, 'confirm', { grade: 'iv', findings: '现场确认油膜约二百平方米' })
    await duty.waitForFunction(() => /事件级别\s*Ⅳ级/.test(document.querySelector('.strip').textContent))
    assert.equal(await duty.locator('.countdown', { hasText: '初报（Ⅳ、Ⅲ级）' }).count(), 1, 'the grade added a clock')
    assert.equal(await duty.locator('.countdown', { hasText: '初报（未定级' }).count(), 1, 'and took none away')
  })

  test('is reported: the form begins with what is known, and the paper has a sketch', async () => {
    await duty.click('[id="do-report.initial"]')
    assert.match(await duty.inputValue('#event-report-initial-where'), /石角镇，蒲河大桥下/)
    assert.match(await duty.inputValue('#event-report-initial-process'), /现场确认油膜/)
    await duty.click('[id="do-report.initial"]')
    await doStep(duty, 'report.initial', await initial(duty))
    await duty.waitForFunction(() => document.querySelector('.report').textContent.includes('已报送'))
    const paper = await openPage(browser)
    await paper.context().addCookies(await duty.context().cookies())
    await paper.goto(`${BASE}/api/cases/${number}/reports/initial`)
    assert.match(await paper.innerText('body'), /已登记于.*报送/)
    assert.ok(await paper.locator('svg circle').count() > 0, 'the sketch is drawn')
    await shot(paper, 'report-initial')
    assertNothingWrong(paper)
    await paper.context().close()
  })

  test('has its response, a task on the board, and its end', async () => {
    await at(command, number)
    await doStep(command, 'response.start', { level: 'four', basis: '区突发环境事件应急预案' })
    await at(duty, number)
    await doStep(duty, 'monitoring.plan', { monitoring: '北渡断面每两小时监测石油类' })
    const due = new Date(Date.parse(`${await now(duty)}:00Z`) + 3 * 3600_000).toISOString().slice(0, 16)
    await doStep(duty, 'task.assign', { unit: '执法支队', task: '排查上游涉油企业', due_at: due })
    await duty.waitForFunction(() => document.querySelector('.board')?.textContent.includes('排查上游涉油企业'))
    // Sampling and notices are there already: ponds of the town may be affected.
    const given = duty.locator('.board section').first().locator('li', { hasText: '排查上游涉油企业' })
    assert.equal(await given.count(), 1)
    const task = (await given.locator('.number').innerText()).trim()
    await field.goto(`${BASE}/cases/${task}`)
    await field.waitForSelector('#next-title')
    await doStep(field, 'sign', { handler: '执法测试' })
    await doStep(field, 'done', { result: '已查明并封堵' })
    await at(duty, number)
    await duty.waitForFunction(() => document.querySelectorAll('.board section')[2]?.textContent.includes('已查明并封堵'))
    await at(command, number)
    await doStep(command, 'response.end', { findings: '油膜已清除，断面达标' })
  })

  test('is evaluated and filed, and every clock says how it was kept', async () => {
    await at(duty, number)
    await doStep(duty, 'report.final', { sent_at: await now(duty), method: 'network', measures: '拦截吸附', process: '见续报', result: '已恢复', harm: '无', effects: '平稳', remains: '依法查处', signer: '周局长', contact: '值班室' })
    await doStep(duty, 'loss.assessed', { result: '直接损失约三万元' })
    await doStep(duty, 'inquiry.done', { findings: '上游企业阀门破损' })
    await at(command, number)
    await doStep(command, 'evaluated', { evaluation: '各时限均按期完成；围油栏储备不足' })
    await at(duty, number)
    await doStep(duty, 'archive')
    await at(duty, number)
    assert.match(await duty.textContent('.strip'), /已归档/)
    const row = duty.locator('.kept-table tr', { hasText: '初报（未定级' })
    assert.match(await row.innerText(), /按期/)
    assert.match(await row.innerText(), /值守测试/)
    for (const page of [duty, command, field]) assertNothingWrong(page)
  })
})

describe('a spill whose two hours pass', () => {
  let number

  test('climbs the ladder: it is marked, and the heads are written to', async () => {
    number = await open(duty, { title: '通惠河鱼类死亡' })
    for (let i = 0; i < 3; i += 1) await letTimeRun(first, '1 小时')
    await at(duty, number)
    await duty.waitForFunction(() => document.querySelector('.strip').textContent.includes('报告逾期'))
    const clock = duty.locator('.countdown.tone-red', { hasText: '初报（未定级' })
    assert.match(await clock.innerText(), /已超期/)
    assert.match(await clock.locator('.count').innerText(), /已超/)
    const { id } = await ask(duty, `/api/cases/${number}`)
    const { rows } = await ask(first, `/api/mails?case=${id}&limit=200`)
    const late = rows.filter((mail) => JSON.stringify(mail).includes('incident-late'))
    assert.ok(late.length > 0, `mails: ${JSON.stringify(rows.slice(0, 2))}`)
    const row = duty.locator('.kept-table tr', { hasText: '初报（未定级' })
    assert.match(await row.innerText(), /未完成，已超/)
  })

  test('a report that comes late stays late', async () => {
    await doStep(duty, 'acknowledge')
    await doStep(duty, 'report.initial', { ...await initial(duty), where: '通惠河入河口' })
    await at(duty, number)
    assert.match(await duty.locator('.kept-table tr', { hasText: '初报（未定级' }).innerText(), /逾期/)
    assertNothingWrong(duty)
  })

  test('its warning is public when its authority approved it and somebody published it', async () => {
    assert.doesNotMatch(await feed(), /<entry>/)
    await doStep(duty, 'warning.ask', { colour: 'yellow', authority: 'district_government', begins_at: await now(duty), area: '通惠河沿岸', text: '暂停取水，等待通知' })
    await at(command, number)
    await doStep(command, 'warning.approve', { authority: 'district_government', approval: '区政府副区长，綦府应急〔2026〕1号' })
    assert.doesNotMatch(await feed(), /<entry>/)
    await at(duty, number)
    await doStep(duty, 'warning.publish')
    await duty.waitForFunction(() => document.body.textContent.includes('发布突发水环境事件黄色'))
    assert.match(await feed(), /<entry>/)
    assertNothingWrong(command)
  })

  test('the page holds in both languages and on a telephone', async () => {
    await assertPageHolds(duty, 'incident', `/incidents/${number}`)
    assertNothingWrong(duty)
  })
})

describe('an exercise', () => {
  test('is begun from the console, says what it is, and runs on its own clock', async () => {
    await duty.goto(`${BASE}/work`)
    await duty.waitForSelector('nav')
    await duty.getByRole('link', { name: '演练', exact: true }).click()
    await duty.waitForSelector('.drill-banner')
    assert.equal(new URL(duty.url()).pathname.startsWith('/drill/'), true)
    assert.match(await duty.title(), /演练/)
    await duty.goto(`${BASE}/drill/log?workflow=incident`)
    await duty.waitForSelector('#log-title')
    await duty.fill('#log-title', '演练：氨水罐车侧翻')
    await duty.fill('#log-learned_at', await now(duty, '/drill'))
    await duty.selectOption('#log-source', 'phone').catch(() => duty.locator('input[name="log-source"][value="phone"]').check())
    await duty.selectOption('#log-category', 'water')
    await duty.keyboard.press('Control+Enter')
    await duty.waitForSelector('#saved-title')
    const number = (await duty.textContent('#saved-title')).match(/TF-\d{8}-\d{6}/)[0]
    await at(duty, number, '/drill')
    const before = await ask(duty, '/api/clock')
    const moved = duty.waitForResponse((answer) => answer.url().endsWith('/drill/api/clock') && answer.request().method() === 'POST')
    await duty.getByRole('button', { name: '1 小时', exact: true }).click()
    assert.equal((await moved).status(), 200, 'who leads the exercise moves its clock')
    await duty.waitForFunction(() => document.querySelector('.kept-table')?.textContent.includes('未完成，已超'))
    const after = await ask(duty, '/api/clock')
    assert.ok(Date.parse(after.now) - Date.parse(before.now) < 10 * 60_000, 'the real clock stays where it is')
    const found = async (root) => (await ask(duty, `${root}/api/cases?text=${encodeURIComponent('氨水罐车')}`)).total
    assert.deepEqual([await found('/drill'), await found('')], [1, 0], 'the real office knows nothing of it')
    const paper = await openPage(browser)
    await paper.context().addCookies(await duty.context().cookies())
    await paper.goto(`${BASE}/drill/api/cases/${number}/clocks/paper`)
    assert.match(await paper.innerText('body'), /演 练[\s\S]*应急演练时限执行评估/)
    await shot(paper, 'drill-evaluation')
    await paper.context().close()
    await assertPageHolds(duty, 'drill-incident', `/drill/incidents/${number}`)
    assertNothingWrong(duty)
  })
})
