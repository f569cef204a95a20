// Two texts beside each other: what stays, what went, what came. Pure; the finding of it is jsdiff's.
import { diffWordsWithSpace } from 'diff'

export interface Piece { text: string; changed: boolean }
export interface Pair { before: Piece[]; after: Piece[]; same: boolean }

/** Words of Chinese are found by the browser's own dictionary; without one, each letter is a word. */
function segmenter(): Intl.Segmenter | undefined {
  try { return new Intl.Segmenter('zh', { granularity: 'word' }) } catch { return undefined }
}

export function compare(before: string, after: string): Pair {
  if (before === after) return { before: [{ text: before, changed: false }], after: [{ text: after, changed: false }], same: true }
  const words = segmenter()
  const pair: Pair = { before: [], after: [], same: false }
  for (const { value, added, removed } of diffWordsWithSpace(before, after, words ? { intlSegmenter: words } : {})) {
    if (!added) pair.before.push({ text: value, changed: removed })
    if (!removed) pair.after.push({ text: value, changed: added })
  }
  return pair
}
