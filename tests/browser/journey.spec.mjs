// The journey of a complaint: from the one-time link to the e-mail that the supervisor got, and a second one answered by
// people of different duties. Then every page in both languages. One server, one clock: the order matters.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ask, assertNothingWrong, assertPageHolds, BASE, doStep, launch, letTimeRun, openPage, people, shot, signIn } from './office.mjs'

let browser, first, number, mail

before(async () => { browser = await launch() })
after(() => browser?.close())

/** Fills the call form with the keyboard alone, from wherever the page puts the focus. */
async function logByKeyboard(page, { title, text, name }) {
  const { keyboard } = page
  await page.waitForFunction(() => document.activeElement?.id === 'log-title')
  await keyboard.insertText(title)
  await keyboard.press('Tab')
  await keyboard.insertText('水')
  await keyboard.press('Enter')
  await keyboard.press('Tab')
  await keyboard.insertText('石角')
  await keyboard.press('Enter')
  for (const field of ['log-site', 'log-content']) { await keyboard.press('Tab'); assert.equal(await page.evaluate(() => document.activeElement.id), field) }
  await keyboard.insertText(text)
  for (let i = 0; i < 20 && await page.evaluate(() => document.activeElement.id) !== 'log-petitioner_name'; i += 1) await keyboard.press('Tab')
  await keyboard.insertText(name)
}

describe('a complaint that nobody takes up', () => {
  test('the one-time link signs in and opens the work list, which says what to do first', async () => {
    first = await openPage(browser)
    await first.goto(`${BASE}/sign-in?token=${process.env.SIGN_IN}`)
    await first.waitForSelector('.empty')
    assert.equal(new URL(first.url()).pathname, '/work')
    assert.match(await first.textContent('.empty'), /登记/)
  })

  test('is logged with the keyboard alone, and the legal dates are there before it is saved', async () => {
    await first.getByRole('link', { name: '登记新事项' }).first().press('Enter')
    await logByKeyboard(first, { title: '通惠河水发黑有臭味', text: '早上六点起河水变黑，有气味。', name: '测试来电人' })
    await first.waitForSelector('.preview .unit strong')
    assert.notEqual((await first.textContent('.preview .unit .why')).trim(), '', 'the unit is proposed with its reason')
    const preview = await first.textContent('.preview')
    assert.match(preview, /信访工作条例 第二十三条/)
    assert.match(preview, /行政诉讼法 第四十七条/)
    await first.locator('.preview details summary').first().press('Enter')
    assert.ok((await first.locator('.preview details[open] .derivation li').count()) >= 2, 'the date explains itself')
    await shot(first, 'log-filled')
    await first.reload()
    await first.waitForSelector('#log-title')
    assert.equal(await first.inputValue('#log-title'), '通惠河水发黑有臭味', 'a reload loses nothing')
    await first.keyboard.press('Control+Enter')
    await first.waitForSelector('#saved-title')
    number = (await first.textContent('#saved-title')).match(/XF-\d{8}-\d{6}/)[0]
  })

  test('shows who owns it and until when', async () => {
    await first.getByRole('link', { name: '打开案件' }).press('Enter')
    await first.waitForSelector('.strip')
    assert.match(await first.textContent('.strip'), /派单员/)
    assert.match(await first.textContent('.strip'), /到期\s*\d{4}-\d{2}-\d{2}/)
    assert.match(await first.textContent('h1'), new RegExp(number))
  })

  test('the same matter again is seen while it is typed', async () => {
    await first.goto(`${BASE}/log`)
    await logByKeyboard(first, { title: '通惠河河水发黑发臭', text: '河水发黑，有臭味。', name: '另一来电人' })
    await first.waitForSelector('.duplicates')
    assert.match(await first.textContent('.duplicates'), new RegExp(number))
  })

  test('becomes overdue when the demonstration clock runs, and the list shows it', async () => {
    await first.goto(`${BASE}/work?view=all`)
    await first.waitForSelector('.el-table .lamp')
    await letTimeRun(first, '1 小时')
    await letTimeRun(first, '到下一个到期时间')
    // A first due time may be answered by the duty desk's taking over a moment later: overdue is what stays so.
    const overdue = () => first.evaluate(() => fetch('/api/cases?open=1&overdue=1&limit=1').then((r) => r.json()).then((list) => list.rows.length > 0))
    const stays = async () => await overdue() && (await first.waitForTimeout(3000), overdue())
    for (let i = 0; i < 6 && !(await stays()); i += 1) await letTimeRun(first, '1 个工作日')
    await first.waitForSelector('.lamp-red')
    assert.match(await first.textContent('.lamp-red'), /超期/)
    await first.goto(`${BASE}/overdue`)
    await first.waitForSelector('.ladder')
    assert.match(await first.textContent('.ladder'), /下一级/)
  })

  test('the supervisor got an e-mail about it, and it can be read', async () => {
    await first.goto(`${BASE}/mails`)
    await first.waitForSelector('.el-table a')
    // At the turn of a month there are mails about other things, too.
    const row = first.locator('.el-table__row', { hasText: '郑督办' }).filter({ hasText: number }).first()
    await row.getByRole('link').first().click()
    await first.waitForSelector('.mail-frame')
    mail = new URL(first.url()).pathname
    assert.match(await first.frameLocator('.mail-frame').locator('body').innerText(), new RegExp(number))
    await first.getByRole('button', { name: '纯文本' }).click()
    const text = await first.textContent('.mail-text')
    assert.match(text, new RegExp(number))
    assert.doesNotMatch(text, /测试来电人|早上六点/, 'a mail carries neither the person nor the text of the complaint')
  })

  test('is urged from the overdue list', async () => {
    await first.goto(`${BASE}/overdue`)
    await first.getByRole('button', { name: /^催办/ }).first().click()
    await first.locator('.acting button[type=submit]').click()
    await first.waitForSelector('.notice.good')
    await first.goto(`${BASE}/cases/${number}`)
    await first.waitForSelector('.timeline')
    assert.match(await first.textContent('.timeline'), /催办/)
  })

  test('the name of the petitioner is masked until a reason is given', async () => {
    assert.doesNotMatch(await first.textContent('main'), /测试来电人/)
    await first.getByRole('button', { name: '查看遮蔽内容' }).click()
    await first.keyboard.insertText('回访核实')
    await first.getByRole('button', { name: '查看并记录' }).click()
    await first.waitForFunction(() => document.querySelector('main').textContent.includes('测试来电人'))
    assertNothingWrong(first)
  })
})

describe('a complaint that is answered, each step by whose duty it is', () => {
  const pages = {}
  let today, other

  before(async () => {
    const unit = ['town-shijiao']
    await people(first, [
      { login: 't-operator', name: '受理测试', roles: ['operator'] },
      { login: 't-dispatcher', name: '派单测试', roles: ['dispatcher'] },
      { login: 't-handler', name: '承办测试', roles: ['handler'], units: unit },
      { login: 't-head', name: '负责人测试', roles: ['unit-head', 'handler'], units: unit, heads: unit },
    ])
    for (const who of ['operator', 'dispatcher', 'handler', 'head']) { pages[who] = await openPage(browser); await signIn(pages[who], `t-${who}`) }
    const { now } = await ask(first, '/api/clock')
    today = new Date(Date.parse(now) + 8 * 3600_000).toISOString().slice(0, 10)
  })

  async function at(who) {
    const page = pages[who]
    await page.goto(`${BASE}/cases/${other}`)
    await page.waitForSelector('#next-title')
    return page
  }

  test('the operator logs it and sees neither mails nor assurance', async () => {
    const page = pages.operator
    assert.equal(await page.getByRole('link', { name: '邮件', exact: true }).count(), 0)
    await page.goto(`${BASE}/log`)
    await logByKeyboard(page, { title: '养殖场粪污直排', text: '养殖场的粪水流进田里。', name: '来电人乙' })
    await page.keyboard.press('Control+Enter')
    await page.waitForSelector('#saved-title')
    other = (await page.textContent('#saved-title')).match(/XF-\d{8}-\d{6}/)[0]
  })

  test('the dispatcher assigns it to the town', async () => {
    const page = await at('dispatcher')
    await doStep(page, 'assign', { unit: '石角' })
    await page.waitForFunction(() => /石角镇/.test(document.querySelector('.strip').textContent))
  })

  test('the town signs for it and chooses the route; it cannot assign', async () => {
    const page = await at('handler')
    assert.equal(await page.locator('[id="do-assign"]').count(), 0)
    await doStep(page, 'sign', { handler: '承办测试', no_interest: true })
    await page.waitForSelector('[id="do-route.choose"]')
    await doStep(page, 'route.choose', { route: 'five', procedure: 'ordinary', accepted_on: today })
  })

  test('drafts the reply', async () => {
    const page = await at('handler')
    await doStep(page, 'reply.draft', { conclusion: 'performed', facts: '现场检查属实。', opinion: '已责令改正，粪污还田利用。', basis: '畜禽规模养殖污染防治条例' })
    assert.equal(await page.locator('[id="do-reply.delivered"]').count(), 0, 'nothing is delivered before it is approved')
  })

  test('its head approves, the town delivers, the case is closed', async () => {
    await doStep(await at('head'), 'reply.approve')
    await doStep(await at('handler'), 'reply.delivered', { delivered_on: today, method: 'in_person', proof: '当面签收' })
    const page = await at('operator')
    await doStep(page, 'close', { closing_code: 'resolved' })
    await page.waitForFunction(() => document.querySelector('.strip').textContent.includes('结案'))
    const history = await page.textContent('.timeline')
    for (const step of ['登记', '交办', '签收', '确定办理途径', '答复拟稿送审', '审批同意', '答复送达', '结案']) assert.match(history, new RegExp(step))
    for (const one of Object.values(pages)) assertNothingWrong(one)
  })

  test('what the session loses is kept: the draft is there after signing in again', async () => {
    const page = pages.operator
    await page.goto(`${BASE}/log`)
    await page.waitForFunction(() => document.activeElement?.id === 'log-title')
    await page.keyboard.insertText('未提交的内容')
    // The draft is kept a moment after the last letter.
    await page.waitForFunction(() => Object.values(sessionStorage).some((kept) => kept.includes('未提交的内容')))
    await page.context().clearCookies()
    await page.keyboard.insertText('。')
    await page.waitForURL(/sign-in/)
    await page.fill('#user', 't-operator')
    await page.fill('#password', 'a-password-for-tests')
    await page.keyboard.press('Enter')
    await page.waitForSelector('#log-title')
    assert.match(await page.inputValue('#log-title'), /^未提交的内容/)
  })
})

describe('the call form under the hands', () => {
  test('what has the focus is never behind the bar with the save button', async () => {
    const page = first
    for (const size of [{ width: 1366, height: 768 }, { width: 320, height: 568 }, { width: 320, height: 256 }]) {
      await page.setViewportSize(size)
      await page.goto(`${BASE}/log`)
      await page.waitForSelector('#log-title')
      const hidden = []
      for (let step = 0; step < 40; step += 1) {
        await page.keyboard.press('Tab')
        const found = await page.evaluate(() => {
          const at = document.activeElement
          const bar = document.querySelector('.sticky')
          if (!at || !bar || at === document.body || bar.contains(at) || !at.closest('form')) return null
          const [a, b] = [at.getBoundingClientRect(), bar.getBoundingClientRect()]
          const stuck = getComputedStyle(bar).position === 'sticky'
          return stuck && a.top >= b.top && a.bottom <= b.bottom ? at.id : null
        })
        if (found) hidden.push(found)
      }
      assert.deepEqual(hidden, [], `at ${size.width} × ${size.height}`)
    }
    await page.setViewportSize({ width: 1366, height: 768 })
  })
  test('leaving a field chooses nothing that was not meant', async () => {
    const page = first
    await page.goto(`${BASE}/log`)
    await page.fill('#log-place', '石')
    await page.keyboard.press('Tab')
    assert.equal(await page.inputValue('#log-place'), '石')
    assert.equal(await page.getAttribute('#log-place', 'aria-invalid'), 'true')
    await page.fill('#log-place', '石角')
    await page.keyboard.press('Tab')
    assert.equal(await page.inputValue('#log-place'), '石角镇')
  })
})

describe('every page, in both languages, at 1366 and 390 wide', () => {
  const list = { log: () => '/log', work: () => '/work?view=all', empty: () => '/work?q=zzz', case: () => `/cases/${number}`, overdue: () => '/overdue', mails: () => '/mails', mail: () => mail, assurance: () => '/assurance', users: () => '/users', audit: () => '/audit', account: () => '/account', lost: () => '/nowhere' }
  for (const [name, path] of Object.entries(list)) test(name, async () => { await assertPageHolds(first, name, path()) })
  test('sign-in', async () => {
    const page = await openPage(browser)
    await page.goto(`${BASE}/sign-in`)
    await assertPageHolds(page, 'sign-in', '/sign-in')
  })
  test('no page wrote an error into the console', () => { assertNothingWrong(first) })
})
