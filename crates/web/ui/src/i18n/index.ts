// The two languages: Chinese first, English by a switch; the choice is kept in the browser.
import { ref, watchEffect } from 'vue'
import type { AnyText } from '../api/types'
import en from './en'
import zh, { type Key } from './zh'

export type Locale = 'zh' | 'en'
export type { Key }

const KEPT = 'huiyin.language'
const words: Record<Locale, Record<Key, string>> = { zh, en }

function kept(): Locale | null {
  try {
    const value = localStorage.getItem(KEPT)
    return value === 'zh' || value === 'en' ? value : null
  } catch { return null }
}

export const locale = ref<Locale>(kept() ?? 'zh')

watchEffect(() => { document.documentElement.lang = locale.value === 'zh' ? 'zh-CN' : 'en' })

export function setLocale(to: Locale): void {
  locale.value = to
  try { localStorage.setItem(KEPT, to) } catch { /* a browser that keeps nothing: the choice lasts for the page */ }
}

/** The account's language, unless a choice was made in this browser. */
export function setLocaleFromAccount(language: string): void {
  if (kept() === null && (language === 'zh' || language === 'en')) locale.value = language
}

/** The words of a key, with `{name}` filled in. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  // A key made from what the service says may be one that this console does not know yet: then it is shown as it is.
  const text = (words[locale.value] as Record<string, string>)[key] ?? key.slice(key.indexOf('.') + 1)
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => name in values ? String(values[name]) : whole)
}

/** The words in the language chosen; the other language if there are none. */
export function pick(text: AnyText | null | undefined): string {
  if (text === null || text === undefined) return ''
  if (typeof text === 'string') return text
  const other = locale.value === 'zh' ? 'en' : 'zh'
  return text[locale.value] || text[other] || ''
}

/** Several things in one line, as the language writes lists. */
export function listed(items: string[]): string { return items.filter((item) => item !== '').join(locale.value === 'zh' ? '、' : ', ') }
