// Words for those who do not see the page change: one polite live region, one for what must interrupt.
import { reactive } from 'vue'

export const announced = reactive({ polite: '', assertive: '' })

/** Says it after what is being read. The same words twice are said twice. */
export function announce(words: string): void { say('polite', words) }
/** Says it at once. */
export function alarm(words: string): void { say('assertive', words) }

function say(where: 'polite' | 'assertive', words: string): void {
  announced[where] = ''
  requestAnimationFrame(() => { announced[where] = words })
}
