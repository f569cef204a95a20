// Finding one among many choices by a few letters: Chinese, English or the id, in any order of the words typed. Pure.

export interface Option { value: string; title: string; /** Other names by which it is found. */ also?: string; group?: string }

/** The options that have every word typed, those that begin with it first. Nothing typed: all, in their own order. */
export function found(options: Option[], typed: string): Option[] {
  const words = fold(typed).split(/\s+/).filter(Boolean)
  if (words.length === 0) return options
  const matching = options.filter((option) => {
    const text = fold(`${option.title} ${option.also ?? ''} ${option.value}`)
    return words.every((word) => text.includes(word))
  })
  const whole = words.join(' ')
  const begins = (option: Option): boolean => fold(option.title).startsWith(whole)
  return [...matching.filter(begins), ...matching.filter((option) => !begins(option))]
}

/** The one option that is meant by what was typed: its exact title or value, or the only one left. */
export function meant(options: Option[], typed: string): Option | undefined {
  const text = fold(typed)
  if (text === '') return undefined
  const exact = options.find((option) => fold(option.title) === text || fold(option.value) === text)
  if (exact) return exact
  const left = found(options, typed)
  return left.length === 1 ? left[0] : undefined
}

/**
 * What leaving the field does with what was typed: the option pointed at with the arrow keys, the one that is meant,
 * `as before` when nothing was typed, `unknown` when it names no option or more than one.
 */
export function settled(options: Option[], typed: string, pointed: Option | undefined): Option | 'as before' | 'unknown' {
  if (pointed) return pointed
  if (typed.trim() === '') return 'as before'
  return meant(options, typed) ?? 'unknown'
}

function fold(text: string): string { return text.trim().toLowerCase() }
