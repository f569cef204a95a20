import { expect, it } from 'vitest'
import { rungWords } from './rung'

it.each([
  ['50%', '已用时限的 50%', '50% of the time used'], ['due', '到期', 'due'],
  ['due - 2 working days', '到期前 2 个工作日', '2 working days before due'], ['due + 1 working day', '逾期 1 个工作日', '1 working day after due'],
  ['start + 10 minutes', '起算后 10 分钟', '10 minutes after the start'], ['every 5 working days', '此后每 5 个工作日', 'every 5 working days after'],
  ['something new', 'something new', 'something new'],
])('%s', (rung, zh, en) => { expect([rungWords(rung, 'zh'), rungWords(rung, 'en')]).toEqual([zh, en]) })
