// Measured: whether the map stays fluid with a network of 10,000 reaches and 1,000 sources. Starts the service on a copy of
// the definitions to which a made-up network is added, opens the sources in Chromium, drags and zooms the map, and prints how
// long the page's own scripts work on a picture, and how evenly pictures followed each other: beside the same map with all
// layers switched off, which is the limit of a machine that draws without a graphics card. Run by `tests/bench map`; asserts
// no time.
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

/** Milliseconds between pictures while something is done, and what the scripts of the page worked on each. */
async function watched(page, what) {
  const tool = await page.context().newCDPSession(page)
  await tool.send('Profiler.enable')
  await page.evaluate(() => {
    const seen = { frames: [], on: true }
    window.seen = seen
    let last = performance.now()
    const next = (now) => { seen.frames.push(now - last); last = now; if (seen.on) requestAnimationFrame(next) }
    requestAnimationFrame(next)
  })
  await tool.send('Profiler.start')
  await what()
  const { profile } = await tool.send('Profiler.stop')
  await tool.detach()
  const frames = await page.evaluate(() => { window.seen.on = false; return window.seen.frames.slice(1) })
  // What is no function is the browser's own: drawing, waiting for it, and nothing to do.
  const own = new Set(profile.nodes.filter((node) => !['(program)', '(idle)', '(root)'].includes(node.callFrame.functionName)).map((node) => node.id))
  const worked = profile.samples.reduce((sum, id, i) => sum + (own.has(id) ? profile.timeDeltas[i] / 1000 : 0), 0)
  frames.sort((a, b) => a - b)
  const at = (share) => frames[Math.min(frames.length - 1, Math.floor(frames.length * share))]
  return { median: at(0.5), most: at(0.95), worst: at(1), own: worked / frames.length, pictures: frames.length }
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

function told(name, what, one) {
  console.log(`  ${name}, ${what}: a picture every ${one.median.toFixed(1)} ms (95 % within ${one.most.toFixed(1)}, worst ${one.worst.toFixed(1)}), ${one.pictures} pictures, scripts worked ${one.own.toFixed(2)} ms on each`)
}

async function measure(name, workflows, folder) {
  const service = await start(workflows, join(folder, `data-${name}`))
  const browser = await launch()
  try {
    const page = await openPage(browser)
    await page.goto(`${service.base}/sign-in?token=${service.token}`)
    await page.waitForSelector('nav')
    const began = performance.now()
    await page.getByRole('link', { name: '水源', exact: true }).click()
    await page.waitForSelector('.map[data-ready]')
    console.log(`  ${name}: the map is there after ${(performance.now() - began).toFixed(0)} ms`)
    await page.waitForTimeout(1500)
    const map = page.locator('.map canvas')
    await map.scrollIntoViewIfNeeded()
    const box = await map.boundingBox()
    await shot(page, `map-${name}`)
    const seen = {}
    for (const [what, act] of Object.entries({ dragged: drag, zoomed: zoom })) {
      seen[what] = await watched(page, () => act(page, box))
      told(name, what, seen[what])
    }
    for (const layer of await page.locator('.layers input').all()) await layer.press('Space')
    await page.waitForTimeout(500)
    for (const [what, act] of Object.entries({ dragged: drag, zoomed: zoom })) {
      seen[`${what} bare`] = await watched(page, () => act(page, box))
      told(name, `all layers off, ${what}`, seen[`${what} bare`])
    }
    return seen
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
  await measure('district', join(ROOT, 'workflows'), folder)
  const seen = await measure('10000-reaches', large, folder)
  for (const what of ['dragged', 'zoomed']) {
    const { own, median } = seen[what]
    const bare = seen[`${what} bare`].median
    // A screen shows a picture every 16.7 ms: half of it is for whoever draws.
    console.log(`map ${what} with 10,000 reaches: scripts work ${own.toFixed(2)} ms on a picture   target < 8 ms: ${own < 8 ? 'holds' : 'FALLS SHORT'}; a picture every ${median.toFixed(1)} ms, raw ${bare.toFixed(1)} ms, ratio ${(median / bare).toFixed(2)}`)
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
