// Invented complaints for the mock server. No person, telephone number or company here is real.

const STREETS = [
  ['water', '河道排口夜间有白色泡沫流出', '排口在桥下游约五十米，晚上十点后出现白色泡沫，有刺鼻气味，早上消失。'],
  ['noise', '工地夜间施工噪声扰民', '连续三晚凌晨仍在浇筑，附近居民无法休息。'],
  ['air', '沿街餐饮油烟直排', '三家饭馆油烟未经处理，对着居民楼窗户排放。'],
  ['solid_waste', '路边空地堆放建筑垃圾', '约两卡车建筑垃圾倾倒在路边空地，雨天泥水流入沟渠。'],
  ['water', '鱼塘边养殖废水直排小溪', '养殖场废水从暗管排入小溪，溪水发黑。'],
  ['air', '碎石加工点扬尘大，未见喷淋', '碎石加工点没有围挡和喷淋，晴天灰尘飘进院子。'],
  ['noise', '广场音响每晚超过十点', '音响音量大，劝说无效。'],
  ['soil', '废弃厂房内堆放油桶渗漏', '厂房长期无人，油桶锈蚀，地面有黑色油迹。'],
  ['ecology', '河滩采砂破坏岸线', '挖掘机在河滩作业，岸边树木被推倒。'],
  ['other', '垃圾收集点清运不及时', '收集点满溢，夏季异味明显。'],
]
const STATES = ['registered', 'handling', 'assigned', 'handling', 'approving', 'closed', 'hearing', 'registered']
const AGES = [0, 52, 3, 12, 20, 30, 44, 1, 47, 2, 8, 16]

/** Complaints with how many days ago they came and how far they got. */
export function complaints(directory) {
  const towns = directory.units.filter((unit) => unit.relation === 'town')
  return Array.from({ length: 46 }, (_, i) => {
    const [category, matter, content] = STREETS[i % STREETS.length]
    const town = towns[(i * 5) % towns.length]
    return {
      days: AGES[i % AGES.length], state: STATES[(i * 3) % STATES.length],
      data: {
        channel: ['phone', 'hotline_12345', 'web', 'letter'][i % 4], title: `${town.name.zh}${matter}`, content, category,
        place: town.code ?? town.place ?? town.places?.[0] ?? town.id, petitioner_name: ['示例甲', '示例乙', '示例丙'][i % 3],
        phone: `199000000${String(10 + i)}`, site: '示例路示例号附近', request: '请调查处理并答复',
      },
    }
  })
}

/** Text and page of a mail about a clock that is over. */
export function mailHtml({ number, clock, due, basis, unit }) {
  const rows = [['编号', number], ['时限', clock], ['到期', due], ['责任单位', unit], ['依据', basis]]
  return {
    text: `郑督办：\n\n${number} 的“${clock}”已到期仍未完成，请立即办理；本提醒将持续到完成为止。\n\n${rows.map(([k, v]) => `${k}：${v}`).join('\n')}\n\nhttps://huiyin.example.invalid/cases/${number}\n`,
    html: `<!doctype html><html lang="zh-CN"><body style="margin:0;padding:24px;background:#f4f6f8;color:#1c2833;font-family:sans-serif"><div style="max-width:600px;margin:0 auto;background:#fff;border:1px solid #d5dbe1;border-top:4px solid #a61b1b;padding:24px"><p>${number} 的“${clock}”已到期仍未完成，请立即办理。</p><table>${rows.map(([k, v]) => `<tr><td style="padding:4px 16px 4px 0;color:#53616f">${k}</td><td>${v}</td></tr>`).join('')}</table><script>document.body.textContent='must not run'</script></div></body></html>`,
  }
}
