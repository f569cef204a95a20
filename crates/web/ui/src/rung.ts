// A rung of a ladder, as the workflow writes it (`due - 2 working days`, `50%`, `start + 10 minutes`), in words. Pure.

const UNITS: Record<string, [zh: string, one: string]> = {
  'working day': ['个工作日', 'working day'], 'working hour': ['个工作小时', 'working hour'],
  day: ['日', 'day'], week: ['周', 'week'], month: ['个月', 'month'], year: ['年', 'year'], hour: ['小时', 'hour'], minute: ['分钟', 'minute'],
}

/** What cannot be read is shown as it was written. */
export function rungWords(rung: string, language: 'zh' | 'en'): string {
  const zh = language === 'zh'
  const percent = /^(\d+)%$/.exec(rung)
  if (percent) return zh ? `已用时限的 ${percent[1] ?? ''}%` : `${percent[1] ?? ''}% of the time used`
  if (rung === 'due') return zh ? '到期' : 'due'
  const every = /^every (.+)$/.exec(rung)
  const repeated = every ? span(every[1] ?? '', zh) : undefined
  if (repeated !== undefined) return zh ? `此后每 ${repeated}` : `every ${repeated} after`
  const moved = /^(due|start) ([-+]) (.+)$/.exec(rung)
  const length = moved ? span(moved[3] ?? '', zh) : undefined
  if (!moved || length === undefined) return rung
  if (moved[1] === 'start') return zh ? `起算后 ${length}` : `${length} after the start`
  if (moved[2] === '-') return zh ? `到期前 ${length}` : `${length} before due`
  return zh ? `逾期 ${length}` : `${length} after due`
}

function span(text: string, zh: boolean): string | undefined {
  const match = /^(\d+) (working day|working hour|day|week|month|year|hour|minute)s?$/.exec(text)
  const unit = match ? UNITS[match[2] ?? ''] : undefined
  if (!match || !unit) return undefined
  const n = match[1] ?? ''
  return zh ? `${n} ${unit[0]}` : `${n} ${unit[1]}${n === '1' ? '' : 's'}`
}
