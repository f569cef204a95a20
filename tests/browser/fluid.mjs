// Measured: whether the map stays fluid with a network of 10,000 reaches and 1,000 sources. Starts the service on a copy of
// the definitions to which a made-up network is added, opens the sources in Chromium, drags and zooms the map, and prints
// how evenly pictures followed each other, beside the same on the district as it is. Run by `tests/bench map`; asserts no
// time. What the machine draws without a graphics card is the limit of both.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { launch, openPage, shot } from './office.mjs'

const ROOT = new URL('../..', import.meta.url).pathname
const BINARY = process.env.HUIYIN_BINARY ?? join(ROOT, 'target/release/huiyin')
/** Rivers that run beside each other from south to north, and reaches of each. */
const RIVERS = 50
const REACHES = 200
const SOURCES = 1000

/** Adds the made-up rivers, with a source at every tenth reach, to a copied district. */
async function enlarge(workflows) {
  const water = join(workflows, 'districts/qijiang/water')
  const nodes = [], reaches = [], sources = []
  for (let river = 0; river < RIVERS; river += 1) {
    for (let i = 0; i <= REACHES; i += 1) {
      const x = 106.4 + (0.62 * river) / RIVERS + 0.004 * Math.sin(i / 7 + river)
      nodes.push(`  - {id: m${river}-${i}, name: {zh: 虚构点, en: made-up node}, at: [${x.toFixed(6)}, ${(28.47 + (0.7 * i) / REACHES).toFixed(6)}], by: assumed}`)
      if (i === REACHES) continue
      reaches.push(`  - {id: mr${river}-${i}, name: {zh: 虚构河段, en: made-up reach}, water: 虚构河, from: m${river}-${i}, to: m${river}-${i + 1}, length_m: 400, slope: 0.001, width_m: 40, depth_m: 1.5, velocity_ms: 0.6, drainage_km2: ${500 + i}, mean_flow_m3s: 20, by: assumed}`)
      if (i % ((RIVERS * REACHES) / SOURCES) === 0) sources.push(`  - {id: MS${river}-${i}, name: {zh: 虚构水源${river}—${i}, en: made-up source ${river}–${i}}, kind: 河流, state: in-use, on: {reach: mr${river}-${i}, at_m: 200}, by: assumed, placed_by: assumed}`)
    }
  }
  const network = await readFile(join(water, 'network.yaml'), 'utf8')
  await writeFile(join(water, 'network.yaml'), `${network.replace(/^nodes:$/m, `nodes:\n${nodes.join('\n')}`).trimEnd()}\n${reaches.join('\n')}\n`)
  await appendFile(join(water, 'sources.yaml'), `\n${sources.join('\n')}\n`)
}

/** Starts the service on an empty folder; gives its address, the one-time sign-in, and how to end it. */
async function start(workflows, data) {
  const process_ = spawn(BINARY, ['serve', '--listen', '127.0.0.1:0', '--data', data, '--workflows', workflows, '--demo-clock'], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, HUIYIN_LOG: 'error' } })
  for await (const line of createInterface({ input: process_.stdout })) {
    const [, base, token] = line.match(/(http:\/\/[^ ]*)\/sign-in\?token=([^ ]*)/) ?? []
    if (base) return { base, token, end: async () => { process_.kill(); await once(process_, 'exit') } }
  }
  throw new Error('the service did not start')
}

/** Milliseconds between pictures while something is done, and the longest that scripts kept the page from answering. */
async function watched(page, what) {
  await page.evaluate(() => {
    const seen = { frames: [], long: [], on: true }
    window.seen = seen
    seen.observer = new PerformanceObserver((list) => { seen.long.push(...list.getEntries().map((one) => one.duration)) })
    seen.observer.observe({ type: 'longtask' })
    let last = performance.now()
    const next = (now) => { seen.frames.push(now - last); last = now; if (seen.on) requestAnimationFrame(next) }
    requestAnimationFrame(next)
  })
  await what()
  const { frames, long } = await page.evaluate(() => { window.seen.on = false; window.seen.observer.disconnect(); return { frames: window.seen.frames.slice(1), long: window.seen.long } })
  frames.sort((a, b) => a - b)
  const at = (share) => frames[Math.min(frames.length - 1, Math.floor(frames.length * share))]
  return { median: at(0.5), most: at(0.95), worst: at(1), long: Math.max(0, ...long), pictures: frames.length }
}

async function drag(page, box) {
  for (let i = 0; i < 4; i += 1) {
    const way = i % 2 === 0 ? 1 : -1
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
    await page.mouse.down()
    for (let step = 1; step <= 30; step += 1) await page.mouse.move(box.x + box.width / 2 + way * step * 6, box.y + box.height / 2 + way * step * 3)
    await page.mouse.up()
  }
}

async function zoom(page, box) {
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
  for (const turn of [-1, 1]) for (let i = 0; i < 15; i += 1) { await page.mouse.wheel(0, turn * 120); await page.waitForTimeout(60) }
  await page.waitForTimeout(300)
}

async function measure(name, workflows, folder) {
  const service = await start(workflows, join(folder, `data-${name}`))
  const browser = await launch()
  try {
    const page = await openPage(browser)
    page.setDefaultTimeout(60_000)
    await page.goto(`${service.base}/sign-in?token=${service.token}`)
    await page.waitForSelector('nav')
    const loading = await watched(page, async () => {
      await page.getByRole('link', { name: '水源', exact: true }).click()
      await page.waitForSelector('.map[data-ready]')
    })
    const opened = await page.evaluate(() => performance.getEntriesByType('resource').filter((one) => one.name.includes('/api/waters')).map((one) => one.duration))
    await page.waitForTimeout(1500)
    const map = page.locator('.map canvas')
    await map.scrollIntoViewIfNeeded()
    const box = await map.boundingBox()
    const dragged = await watched(page, () => drag(page, box))
    const zoomed = await watched(page, () => zoom(page, box))
    await shot(page, `map-${name}`)
    const switched = await watched(page, async () => { for (let i = 0; i < 4; i += 1) { await page.locator('#layer-source').press('Space'); await page.waitForTimeout(200) } })
    console.log(`  ${name}: the waters came in ${opened.map((ms) => ms.toFixed(0)).join(', ')} ms; while the page opened scripts held it for ${loading.long.toFixed(0)} ms at most`)
    for (const [what, one] of Object.entries({ dragged, zoomed, switched })) {
      console.log(`  ${name}, ${what}: a picture every ${one.median.toFixed(1)} ms (95 % within ${one.most.toFixed(1)}, worst ${one.worst.toFixed(1)}), ${one.pictures} pictures, scripts held it for ${one.long.toFixed(0)} ms at most`)
    }
    return { dragged, zoomed, switched, loading }
  } finally {
    await browser.close()
    await service.end()
  }
}

const folder = await mkdtemp(join(tmpdir(), 'huiyin-map-'))
try {
  const large = join(folder, 'workflows')
  await cp(join(ROOT, 'workflows'), large, { recursive: true })
  await enlarge(large)
  const usual = await measure('district', join(ROOT, 'workflows'), folder)
  const many = await measure('10000-reaches', large, folder)
  for (const what of ['dragged', 'zoomed']) {
    const [ms, ratio] = [many[what].most, many[what].median / usual[what].median]
    console.log(`map ${what} with 10,000 reaches: 95 % of pictures within ${ms.toFixed(1)} ms, median ${ratio.toFixed(2)} × the district's   target < 50 ms: ${ms < 50 ? 'holds' : 'FALLS SHORT'}`)
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
