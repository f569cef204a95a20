// Rows of a list as text, a line a row: what is compared when two people saved the same list. Pure.
export function rowsText(rows: Record<string, string>[], columns: string[], unitName: (id: string) => string): string {
  return rows.map((row) => columns.map((name) => (name === 'unit' ? unitName(row[name] ?? '') : row[name] ?? '')).filter((text) => text !== '').join(' · ')).join('\n')
}
