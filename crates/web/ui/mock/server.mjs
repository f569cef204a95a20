// A stand-in for the service, for developing the console alone: the same doors and shapes, invented cases, all in memory.
// Its rules of time are rough (no holidays) and its workflow is a few steps; nothing here is shipped. Forms are read
// from workflows/petition.yaml, so that the console meets the real ones.
//   node mock/server.mjs [port]      GET /sign-in?token=mock signs in; serves dist/ beside the API
import { createHash, randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { dirname, extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { complaints, mailHtml } from './example.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '../../../..')
const yaml = (path) => parse(readFileSync(join(root, 'workflows', path), 'utf8'), { maxAliasCount: 1000 })
const petition = yaml('petition.yaml')
const dataSchema = yaml('petition.data.yaml')
const directory = yaml('districts/qijiang/directory.yaml')
const routing = yaml('districts/qijiang/routing.yaml')

const DAY = 86_400_000
const ZONE = 8 * 3_600_000
let offset = 0
const now = () => Date.now() + offset
const iso = (t) => new Date(t).toISOString()
const dayOf = (t) => Math.floor((t + ZONE) / DAY)
const endOfDay = (d) => (d + 1) * DAY - ZONE - 1
const isWorking = (d) => { const w = (d + 4) % 7; return w !== 0 && w !== 6 }
const text = (zh, en) => ({ zh, en })

function add(start, n, unit) {
  if (unit === 'hour') return start + n * 3_600_000
  if (unit === 'minute') return start + n * 60_000
  if (unit === 'day') return endOfDay(dayOf(start) + n)
  let d = dayOf(start)
  for (let left = n; left > 0;) { d += 1; if (isWorking(d)) left -= 1 }
  return endOfDay(d)
}
const shown = (t) => iso(t + ZONE).slice(0, 16).replace('T', ' ')

const CLOCKS = {
  notice: { title: text('书面告知', 'written notice'), n: 7, limit: 15, unit: 'day', basis: '信访工作条例 第二十三条', status: 'verified' },
  performance: { title: text('履行职责（自收到起）', 'performance (from receipt)'), n: 45, limit: 60, unit: 'day', basis: '行政诉讼法 第四十七条', status: 'verified' },
  assignment: { title: text('交办', 'assignment'), n: 1, unit: 'working', basis: null, status: null },
  signing: { title: text('签收', 'signing'), n: 1, unit: 'working', basis: null, status: null },
  drafting: { title: text('调查拟稿', 'investigation and draft'), n: 20, unit: 'working', basis: null, status: null },
  handling_five: { title: text('办结（五）项', 'answer, route (5)'), n: 45, limit: 60, unit: 'day', basis: '环保举报热线工作管理办法', status: 'secondary' },
  rereview: { title: text('复核', 're-review'), n: 30, unit: 'day', basis: '信访工作条例 第三十六条', status: 'verified' },
}
const STATES = {
  registered: text('待交办', 'registered'), assigned: text('待签收', 'with unit'), handling: text('办理中', 'handling'),
  approving: text('待审批', 'approving'), answered: text('已答复', 'answered'), closed: text('已结案', 'closed'), hearing: text('听证中', 'hearing'),
}
const NEXT = {
  registered: ['assign', 'route.choose', 'notice.serve', 'merge.into', 'urgent.raise', 'urge'],
  assigned: ['sign', 'return.ask', 'route.choose', 'notice.serve', 'urge'],
  handling: ['route.choose', 'notice.serve', 'reply.draft', 'reply.interim', 'material.request', 'cohandler.add', 'enforcement.open', 'extension.ask', 'urge', 'supervision.opened', 'reply.attempt', 'unreachable.declare', 'withdraw'],
  approving: ['reply.approve', 'reply.reject', 'urge'], answered: ['close', 'rate', 'review.request'], closed: ['rate', 'new_facts'], hearing: ['urge'],
}
const MOVES = { assign: 'assigned', sign: 'handling', 'reply.draft': 'approving', 'reply.approve': 'answered', 'reply.reject': 'handling', close: 'closed' }
const MEETS = { assign: ['assignment'], sign: ['signing'], 'notice.serve': ['notice'], 'reply.draft': ['drafting'], 'reply.approve': ['performance', 'handling_five'] }

const cases = []
const mails = []
const commands = new Map()
const files = new Map()
const streams = new Set()
const counters = {}
const unit = (id) => directory.units.find((u) => u.id === id)
const name = (id) => unit(id)?.name.zh ?? id

function clock(key, start, run = 1) {
  const { n, limit, unit: kind } = CLOCKS[key]
  const policy = add(start, n, kind)
  return { key, run, start, policy, limit: limit ? add(start, limit, kind) : null, due: policy, status: 'running', fired: 0, paused: false }
}

function clockView(c) {
  const { title, n, limit, unit: kind, basis, status } = CLOCKS[c.key]
  const over = c.status === 'running' && c.due < now()
  const days = Math.max(1, Math.round(Math.abs(c.due - now()) / DAY))
  const words = kind === 'working' ? [`${n} 个工作日`, `${n} working days`] : [`${n} 天`, `${n} days`]
  const last = new Date(c.due + ZONE).getUTCFullYear() >= 2027
  return {
    clock: c.key, title, run: c.run, status: c.paused ? 'paused' : c.status, started_at: iso(c.start), due_at: iso(c.due),
    policy_due: iso(c.policy), limit_due: c.limit ? iso(c.limit) : null, provisional: last && kind === 'working', basis, basis_status: status,
    remaining_text: c.paused ? text('已暂停，剩余 12 个工作日', 'paused, 12 working days left') : c.status !== 'running' ? text('', '') : over ? text(`已超期 ${days} 天`, `overdue by ${days} days`) : text(`剩余 ${days} 天`, `${days} days left`),
    paused: c.paused, next_rung: c.status === 'running' && !c.paused ? { at: iso(over ? c.due + (c.fired + 1) * DAY : c.due - DAY), what: over ? text('再次通知责任单位、督办员和局领导', 'notify the unit, the supervisor and the leader again') : text('提醒责任单位', 'remind the unit') } : null,
    derivation: [
      text(`起算：${shown(c.start)}，当日不计入（民法典第二百零一条）`, `starts ${shown(c.start)}; the day itself is not counted`),
      text(`内控时限：${words[0]}，到 ${shown(c.policy)}`, `own target: ${words[1]}, until ${shown(c.policy)}`),
      ...(kind === 'working' ? [text('跳过周六、周日和法定节假日，计入调休上班日', 'weekends and holidays skipped, make-up days counted')] : []),
      ...(limit ? [text(`法定上限：${limit} 天，到 ${shown(c.limit)}（${basis}）`, `legal maximum: ${limit} days, until ${shown(c.limit)}`)] : []),
      text('取较早者', 'the earlier one holds'),
    ],
  }
}

function row(c) {
  const open = c.clocks.filter((k) => k.status === 'running')
  const first = open.filter((k) => !k.paused).sort((a, b) => a.due - b.due)[0]
  const overdue = !c.closed && open.some((k) => !k.paused && k.due < now())
  const left = first ? first.due - now() : Infinity
  const days = Math.max(1, Math.round(Math.abs(left) / DAY))
  return {
    id: c.id, number: c.number, district: '500110', workflow: 'petition', version: 1, title: c.data.title, place: c.data.place ?? null, category: c.data.category,
    channel: c.data.channel, active: [c.state], state_titles: [STATES[c.state]], owner: c.owner, owner_name: c.owner.startsWith('role:') ? directory.roles.find((r) => r.id === c.owner.slice(5)).name.zh : name(c.owner.slice(5)),
    owners: [c.owner], due_at: first ? iso(first.due) : null, due_clock: first?.key ?? null, due_provisional: false,
    due_text: c.closed ? text('已办结', 'closed') : !first ? text('无在办时限', 'no deadline running') : overdue ? text(`已超期${days}天`, `overdue by ${days} days`) : text(`剩余${days}天`, `${days} days left`),
    overdue, marks: [...c.marks, ...(overdue ? ['overdue'] : [])], lamp: c.closed || !first ? 'grey' : overdue ? 'red' : left <= 3 * DAY ? 'yellow' : 'green',
    received_at: iso(c.received), opened_at: iso(c.opened), closed_at: c.closed ? iso(c.closed) : null,
  }
}

function note(c, kind, event, title, actor, lines = [], data = null) {
  c.timeline.push({ seq: c.timeline.length + 1, at: iso(now()), actor_name: actor, kind, event, title, lines, data })
  const message = `event: case\ndata: ${JSON.stringify({ case: c.id, number: c.number, kind: event ?? kind })}\n\n`
  for (const stream of streams) stream.write(message)
}

function routed(data) {
  const accused = data.accused ?? []
  for (const rule of routing.rules) {
    if (rule.categories && !rule.categories.includes(data.category)) continue
    if (rule.places && !rule.places.includes(data.place)) continue
    const id = rule.unit === '@town' ? directory.units.find((u) => u.relation === 'town' && [u.code, u.place, ...(u.places ?? [])].includes(data.place))?.id : rule.unit
    if (id && !accused.includes(id)) return { id, reason: rule.reason }
  }
  return null
}

function open(id, data, actor) {
  const received = Date.parse(data.received_at)
  const date = shown(now()).slice(0, 10).replaceAll('-', '')
  counters[date] = (counters[date] ?? 0) + 1
  const c = { id, number: `XF-${date}-${String(counters[date]).padStart(6, '0')}`, data: { ...data }, state: 'registered', owner: 'role:dispatcher', received, opened: now(), closed: null, marks: [], clocks: [], timeline: [], files: [], links: [] }
  if (data.petitioner === 'named') c.clocks.push(clock('notice', received))
  c.clocks.push(clock('performance', received), clock('assignment', now()))
  cases.push(c)
  note(c, 'event', 'case.opened', text('登记', 'registered'), actor, c.clocks.map((k) => text(`开始计时：${CLOCKS[k.key].title.zh}，到期 ${shown(k.due)}`, `clock started: ${CLOCKS[k.key].title.en}, due ${shown(k.due)}`)))
  return c
}

function send(c, event, data, actor) {
  for (const key of MEETS[event] ?? []) for (const k of c.clocks) if (k.key === key && k.status === 'running') k.status = k.due < now() ? 'late' : 'met'
  if (event === 'assign') { c.owner = `unit:${data.unit}`; c.clocks.push(clock('signing', now())) }
  if (event === 'sign') { c.clocks.push(clock('drafting', now())) }
  if (event === 'route.choose') { c.data.route = data.route; c.clocks.push(clock('handling_five', Date.parse(`${data.accepted_on}T00:00:00+08:00`))) }
  if (MOVES[event]) c.state = MOVES[event]
  if (event === 'close') { c.closed = now(); for (const k of c.clocks) if (k.status === 'running') k.status = 'void' }
  note(c, 'event', event, petition.events[event].title, actor, MOVES[event] ? [text(`进入环节：${STATES[c.state].zh}`, `now: ${STATES[c.state].en}`)] : [], data)
}

/** Fires what is due: overdue clocks write a mail, once at due and once a day later. */
function tick() {
  for (const c of cases) {
    for (const k of c.clocks) {
      if (k.status !== 'running' || k.paused) continue
      for (const [at, rung, to] of [[k.due, 'due', '郑督办 <supervisor.zheng@qijiang.example.invalid>'], [k.due + DAY, 'due + 1 working day', '周局长 <head.zhou@qijiang.example.invalid>']].slice(k.fired)) {
        if (at > now()) break
        k.fired += 1
        const { title, basis } = CLOCKS[k.key]
        const about = { number: c.number, clock: title.zh, due: shown(k.due), basis: basis ?? '内控', unit: row(c).owner_name }
        mails.unshift({ id: String(mails.length + 1), case: c.id, number: c.number, to, subject: `【已到期】${c.number} ${title.zh}`, at: iso(at), state: mails.length % 7 === 5 ? 'failed' : 'local', template: 'clock-overdue', clock: k.key, rung, ...mailHtml(about), attempts: mails.length % 7 === 5 ? [{ at: iso(at), result: '451 4.3.0 try again later' }] : [{ at: iso(at), result: '已存入本地信箱 kept in the local mailbox' }] })
        note(c, 'rung', null, text(`到期提醒：${title.zh}`, `due: ${title.en}`), '系统', [text(`已通知 ${to.split(' ')[0]}`, `notified ${to}`)])
      }
    }
  }
}

const MASKED = ['petitioner_name', 'phone', 'email', 'address']
function masked(data) {
  const hide = (v) => v.length >= 7 ? `${v.slice(0, 2)}${'*'.repeat(v.length - 4)}${v.slice(-2)}` : `${v[0]}**`
  return Object.fromEntries(Object.entries(data).map(([k, v]) => [k, MASKED.includes(k) && v ? hide(v) : v]))
}
function page(c, data) {
  return {
    ...row(c), data, masked: MASKED.filter((k) => c.data[k]), clocks: c.clocks.map(clockView),
    events: NEXT[c.state].map((event) => ({ name: event, title: petition.events[event].title, form: petition.events[event].form ?? null, prefill: event === 'assign' ? { unit: routed(c.data)?.id } : event === 'route.choose' ? { accepted_on: shown(now()).slice(0, 10) } : {} })),
    links: c.links, attachments: c.files, documents: c.state === 'registered' ? [] : [{ n: 1, template: '转办单', at: iso(c.opened) }], may_unmask: true,
  }
}

const common = (a, b) => { const grams = (s) => new Set([...s].slice(1).map((ch, i) => s[i] + ch)); const x = grams(a), y = grams(b); let n = 0; for (const g of x) if (y.has(g)) n += 1; return x.size ? n / Math.min(x.size, y.size || 1) : 0 }
function preview(data) {
  const route = routed(data)
  const received = Date.parse(data.received_at ?? '') || now()
  const duplicates = cases.map((c) => ({ c, like: data.title && data.title.length >= 4 ? common(data.title, c.data.title) : 0, phone: data.phone && data.phone.length >= 7 && data.phone === c.data.phone }))
    .filter(({ like, phone }) => like > 0.45 || phone).sort((a, b) => b.like - a.like).slice(0, 5)
    .map(({ c, like, phone }) => ({ id: c.id, number: c.number, title: c.data.title, received_at: iso(c.received), owner: row(c).owner_name, active_titles: [STATES[c.state]], why: phone ? text('来电号码相同', 'the same telephone number') : text(`事项相似 ${Math.round(like * 100)}%${c.data.place === data.place && data.place ? '，同一街镇' : ''}`, `similar matter, ${Math.round(like * 100)} %`) }))
  return {
    unit: route && data.category ? { id: route.id, name: name(route.id), relation: unit(route.id).relation, reason: route.reason } : null,
    clocks: [...(data.petitioner === 'named' ? [clock('notice', received)] : []), clock('performance', received), clock('assignment', now())].map(clockView),
    duplicates, errors: [],
  }
}

const USER = { id: 'u1', name: '郑督办', roles: ['operator', 'dispatcher', 'handler', 'supervisor', 'unit-head', 'bureau-head'], units: ['petition-office'], heads: [] }
const sessions = new Map()
const session = (csrf) => ({ user: USER, csrf, district: { code: '500110', name: '重庆市綦江区' }, demo: true, now: iso(now()), language: 'zh', permissions: ['see_cases', 'open_cases', 'act_on_cases', 'attach_files', 'unmask', 'see_mails', 'see_assurance', 'move_clock'] })
const workflows = () => [{ name: 'petition', version: 1, title: petition.title, states: Object.entries(STATES).map(([id, title]) => ({ id, title, kind: 'atomic' })), clocks: Object.entries(CLOCKS).map(([key, c]) => ({ name: key, title: c.title, basis: c.basis, status: c.status })), intake: petition.events['case.opened'].form, data: dataSchema, may_open: true }]

class Refused extends Error { constructor(status, code, message, details = []) { super(code); Object.assign(this, { status, code, text: message, details }) } }
const one = (key) => { const c = cases.find((x) => x.id === key || x.number === key); if (!c) throw new Refused(404, 'not_found', text('未找到', 'not found')); return c }
function once(id, body, action) {
  const print = JSON.stringify(body)
  const known = commands.get(id)
  if (known && known.print !== print) throw new Refused(409, 'conflict', text('该编号已用于另一请求，内容不同', 'this id was used before with another body'))
  if (known) return known.answer
  const answer = action()
  commands.set(id, { print, answer })
  return answer
}
const accepted = (c) => ({ case: c.id, number: c.number, seq: c.timeline.length, at: iso(now()), active: [c.state] })
function required(schema, data) {
  const missing = (schema?.required ?? []).filter((f) => data[f] === undefined || data[f] === '')
  if (missing.length > 0) throw new Refused(422, 'form_invalid', text('表单有误', 'the form is not right'), missing.map((f) => ({ path: `data.${f}`, message: 'missing: expected a value' })))
}

const DOORS = [
  ['GET', /^\/api\/session$/, ({ csrf }) => session(csrf)],
  ['GET', /^\/api\/workflows$/, workflows],
  ['GET', /^\/api\/directory\/units$/, () => directory.units.map((u) => ({ id: u.id, name: u.name.zh, title: u.name, relation: u.relation, kind: u.kind ?? null, head: null }))],
  ['GET', /^\/api\/directory\/towns$/, () => directory.units.filter((u) => u.relation === 'town').map((u) => ({ id: u.code ?? u.place ?? u.places?.[0] ?? u.id, title: u.name }))],
  ['GET', /^\/api\/directory\/categories$/, () => directory.categories.map((c) => ({ id: c.id, title: c.name }))],
  ['POST', /^\/api\/cases\/preview$/, ({ body }) => preview(body.data)],
  ['POST', /^\/api\/cases$/, ({ body }) => once(body.id, body, () => {
    required(petition.events['case.opened'].form, body.data)
    if (body.data.petitioner === 'named' && !body.data.petitioner_name) throw new Refused(422, 'requirement', text('实名信访须填写姓名', 'a named petitioner needs a name'))
    if (Date.parse(body.data.received_at) > now()) throw new Refused(422, 'requirement', text('收到时间不能晚于现在', 'received_at lies in the future'))
    return accepted(open(body.id, body.data, USER.name))
  }), 201],
  ['GET', /^\/api\/cases$/, ({ query: q }) => {
    let rows = cases.map(row)
    if (q.get('open') === '1') rows = rows.filter((r) => !r.closed_at)
    if (q.get('open') === '0') rows = rows.filter((r) => r.closed_at)
    if (q.get('overdue') === '1') rows = rows.filter((r) => r.overdue)
    if (q.get('mine') === '1') rows = rows.filter((r) => r.owner === 'role:dispatcher' || USER.units.includes(r.owner.slice(5)))
    if (q.get('owner')) rows = rows.filter((r) => r.owner === q.get('owner'))
    if (q.get('text')) rows = rows.filter((r) => `${r.number}${r.title}${r.place ?? ''}`.includes(q.get('text')))
    if (q.get('due_before')) rows = rows.filter((r) => r.due_at && Date.parse(r.due_at) <= Date.parse(q.get('due_before')))
    rows.sort(q.get('order') === 'received' ? (a, b) => b.received_at.localeCompare(a.received_at) : (a, b) => (a.due_at ?? '9').localeCompare(b.due_at ?? '9'))
    const [from, n] = [Number(q.get('offset') ?? 0), Number(q.get('limit') ?? 50)]
    return { total: rows.length, rows: rows.slice(from, from + n) }
  }],
  ['GET', /^\/api\/cases\/([^/]+)$/, ({ at: [key] }) => { const c = one(key); return page(c, masked(c.data)) }],
  ['GET', /^\/api\/cases\/([^/]+)\/timeline$/, ({ at: [key], query: q }) => one(key).timeline.filter((e) => e.seq > Number(q.get('after') ?? 0))],
  ['POST', /^\/api\/cases\/([^/]+)\/events$/, ({ at: [key], body }) => once(body.id, body, () => {
    const c = one(key)
    if (!NEXT[c.state].includes(body.event)) throw new Refused(422, 'not_expected_here', text('当前环节不能办理此操作，页面可能已过时，请刷新后再看', 'this cannot be done in the present state; reload the page'))
    required(petition.events[body.event].form, body.data)
    if (body.data.unit && unit(body.data.unit)?.relation === 'enterprise') throw new Refused(422, 'requirement', text('只能交办给本局、街镇或者区级部门；企业不得承办信访事项', 'only the bureau, towns and departments; never an enterprise'))
    send(c, body.event, body.data, USER.name)
    return accepted(c)
  })],
  ['POST', /^\/api\/cases\/([^/]+)\/unmask$/, ({ at: [key], body }) => { const c = one(key); note(c, 'unmask', null, text('查看遮蔽内容', 'looked behind the mask'), USER.name, [text(`理由：${body.reason}`, `reason: ${body.reason}`)]); return page(c, c.data) }],
  ['POST', /^\/api\/cases\/([^/]+)\/attachments$/, ({ at: [key], raw }) => {
    const c = one(key)
    const file = /filename="([^"]*)"/.exec(raw.toString('utf8'))?.[1] ?? 'file'
    if (!/\.(pdf|png|jpe?g|docx|xlsx|txt)$/i.test(file)) throw new Refused(422, 'file_kind', text('只能上传 PDF、PNG、JPEG、DOCX、XLSX 或文本文件', 'only PDF, PNG, JPEG, DOCX, XLSX or text'))
    const hash = createHash('sha256').update(raw).digest('hex')
    const kept = { hash, name: file, media_type: 'application/octet-stream', size: raw.length, at: iso(now()), by: USER.name }
    c.files.push(kept); files.set(hash, raw); note(c, 'attachment', null, text('添加附件', 'file added'), USER.name, [text(file, file)])
    return kept
  }, 201],
  ['GET', /^\/api\/mails$/, ({ query: q }) => ({ rows: mails.filter((m) => (!q.get('state') || m.state === q.get('state')) && (!q.get('case') || m.case === q.get('case'))).slice(Number(q.get('offset') ?? 0)).slice(0, Number(q.get('limit') ?? 50)).map(({ text: _t, html: _h, attempts, ...m }) => ({ ...m, attempts: attempts.length })) })],
  ['GET', /^\/api\/mails\/([^/]+)$/, ({ at: [id] }) => mails.find((m) => m.id === id) ?? one('')],
  ['GET', /^\/api\/clock$/, () => ({ now: iso(now()), demo: true })],
  ['POST', /^\/api\/clock$/, ({ body }) => {
    const [, n, kind] = /^(\d+) (hour|day|working day)s?$/.exec(body.advance ?? '') ?? []
    const to = body.to ? Date.parse(body.to) : kind === 'hour' ? now() + Number(n) * 3_600_000 : kind === 'day' ? now() + Number(n) * DAY : (() => { let t = now(); for (let i = Number(n); i > 0;) { t += DAY; if (isWorking(dayOf(t))) i -= 1 } return t })()
    if (!(to > now())) throw new Refused(422, 'form_invalid', text('只能向前调整', 'expected a later time'))
    offset += to - now(); tick()
    return { now: iso(now()), demo: true }
  }],
  ['GET', /^\/api\/assurance$/, () => {
    const rows = cases.map(row)
    return { unassigned: rows.filter((r) => r.active[0] === 'registered').length, oldest_unassigned: rows.find((r) => r.active[0] === 'registered')?.number ?? null, overdue_open: rows.filter((r) => r.overdue).length, timers_overdue: 0, oldest_timer_seconds: 0, clocks_without_timer: 0, mails_failed: mails.filter((m) => m.state === 'failed').length, assigned_rate: 1, answered_rate: 0.9667,
      definitions: [['unassigned', '在办且尚未交办到责任单位的事项', 'open matters without a responsible unit'], ['overdue_open', '有时限已过且未办结的事项', 'open matters with a deadline over'], ['timers_overdue', '到了时间还没有触发的定时器', 'timers that should have fired'], ['clocks_without_timer', '正在计时但没有定时器的时限，应始终为 0', 'running clocks without a timer; must be 0'], ['mails_failed', '多次尝试后仍未发出的邮件', 'mails that could not be sent'], ['assigned_rate', '期内应交办事项中按时交办到责任单位的比例；同人同事只计一次', 'assigned within the limit ÷ due for assignment'], ['answered_rate', '按时送达答复 ÷（期内应答复 + 超期未答复）；阶段性答复不计', 'replies delivered in time ÷ replies due plus overdue and open']].map(([figure, zh, en]) => ({ figure, counts: text(zh, en) })) }
  }],
]

const POLICY = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' }

function json(response, status, body, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers })
  response.end(body === undefined ? '' : JSON.stringify(body))
}
function refuse(response, { status, code, text: message, details }) { json(response, status, { error: { code, message, details } }) }
function signIn() { const key = randomUUID(); sessions.set(key, randomUUID()); return { key, headers: { 'set-cookie': `huiyin_session=${key}; Path=/; HttpOnly; SameSite=Strict` } } }

function console_(path, response) {
  const file = normalize(join(here, '../dist', path))
  const there = file.startsWith(join(here, '../dist')) && extname(file) !== '' && existsSync(file) ? file : join(here, '../dist/index.html')
  if (!existsSync(there)) return json(response, 404, { error: { code: 'not_found', message: text('先执行 npm run build', 'npm run build first'), details: [] } })
  response.writeHead(200, { 'content-type': TYPES[extname(there)] ?? 'application/octet-stream', 'content-security-policy': POLICY })
  response.end(readFileSync(there))
}

async function handle(request, response) {
  const url = new URL(request.url, 'http://mock')
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const raw = Buffer.concat(chunks)
  const key = /huiyin_session=([^;]+)/.exec(request.headers.cookie ?? '')?.[1]
  const csrf = sessions.get(key)
  if (url.pathname === '/sign-in' && url.searchParams.has('token')) { response.writeHead(303, { location: '/', ...signIn().headers }); return response.end() }
  if (!url.pathname.startsWith('/api/')) return console_(url.pathname, response)
  const body = raw.length > 0 && request.headers['content-type']?.startsWith('application/json') ? JSON.parse(raw.toString('utf8')) : null
  if (url.pathname === '/api/session' && request.method === 'POST') {
    if (body.token !== undefined ? body.token !== 'mock' : body.password !== 'mock') throw new Refused(401, 'sign_in_failed', text('登录名或密码不正确', 'the name or the password is wrong'))
    const made = signIn()
    return json(response, 200, session(sessions.get(made.key)), made.headers)
  }
  if (!csrf) throw new Refused(401, 'not_signed_in', text('请先登录', 'sign in first'))
  if (request.method !== 'GET' && request.headers['x-csrf-token'] !== csrf) throw new Refused(403, 'csrf', text('页面凭证无效，请刷新页面后重试', 'the x-csrf-token header is missing or wrong'))
  if (url.pathname === '/api/session' && request.method === 'DELETE') { sessions.delete(key); response.writeHead(204); return response.end() }
  if (url.pathname === '/api/events') {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.write(': hello\n\n'); streams.add(response); response.on('close', () => streams.delete(response)); return undefined
  }
  const file = /^\/api\/attachments\/(\w+)$/.exec(url.pathname)
  if (file && files.has(file[1])) { response.writeHead(200, { 'content-disposition': 'attachment' }); return response.end(files.get(file[1])) }
  for (const [method, pattern, action, status = 200] of DOORS) {
    const match = pattern.exec(url.pathname)
    if (match && method === request.method) return json(response, status, action({ at: match.slice(1).map(decodeURIComponent), query: url.searchParams, body, raw, csrf }))
  }
  throw new Refused(404, 'not_found', text('未找到', 'not found'))
}

// Example cases: some late, some near, some fine, one paused, one closed. ------------------------------------------------
const begun = offset
for (const { days, state, data, unit: own } of complaints(directory)) {
  offset = begun - days * DAY
  const received = iso(now() - 3_600_000)
  const c = open(randomUUID(), { petitioner: 'named', urgency: 'ordinary', confidentiality: 'ordinary', head_count: 1, ...data, received_at: received }, '赵受理')
  const path = { assigned: ['assign'], handling: ['assign', 'sign', 'notice.serve'], approving: ['assign', 'sign', 'notice.serve', 'reply.draft'], closed: ['assign', 'sign', 'notice.serve', 'reply.draft', 'reply.approve', 'close'], hearing: ['assign', 'sign'] }[state] ?? []
  for (const event of path) { offset += 3 * 3_600_000; send(c, event, event === 'assign' ? { unit: own ?? routed(c.data)?.id ?? 'enforcement' } : {}, event === 'assign' ? '李派单' : '执法支队承办人') }
  if (state === 'hearing') { c.state = 'hearing'; const k = clock('rereview', now()); k.paused = true; c.clocks.push(k) }
}
offset = begun
if (cases.length > 3) cases[2].links.push({ link: '并案', case: cases[0].id, number: cases[0].number })
tick()

const port = Number(process.argv[2] ?? process.env.PORT ?? 8099)
createServer((request, response) => {
  handle(request, response).catch((problem) => problem instanceof Refused ? refuse(response, problem) : (console.error(problem), refuse(response, { status: 500, code: 'internal', text: text('系统内部错误', 'internal error'), details: [] })))
}).listen(port, '127.0.0.1', () => console.log(`mock on http://127.0.0.1:${port}/sign-in?token=mock`))
