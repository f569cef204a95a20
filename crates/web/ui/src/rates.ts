// Rates as people read them. Pure.
import type { Share } from './api/types'

/** `99.99 %`, rounded down: 99.999 % is not yet everything. A dash when nothing was due. */
export function percent(share: Share): string {
  if (share.of === 0) return '—'
  const hundredths = Math.floor((share.kept * 10_000) / share.of)
  return `${(hundredths / 100).toFixed(2)} %`
}
