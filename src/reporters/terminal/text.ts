/** Lines of text measured in columns: cut, padded, wrapped and set in tables. */
import { stripVTControlCharacters } from 'node:util'

/** Characters that take two columns: East Asian wide and full-width ones, and emoji (Unicode TR 11). */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u
const ZERO = /\p{Mark}|\u200b|\u200d/u

export function displayWidth(text: string): number {
  let width = 0
  for (const character of stripVTControlCharacters(text))
    width += WIDE.test(character) ? 2 : ZERO.test(character) ? 0 : 1
  return width
}

/** At most `width` columns, the end given as `…`. For text without colours. */
export function cut(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  let [kept, used] = ['', 0]
  for (const character of text) {
    used += displayWidth(character)
    if (used > width - 1) break
    kept += character
  }
  return `${kept}…`
}

export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)))
  return align === 'left' ? text + space : space + text
}

/** Lines of at most `width` columns, broken at spaces; the text's own line breaks stay. A word that is too long stays whole. */
export function wrap(text: string, width: number): string[] {
  return text.split('\n').flatMap(paragraph => {
    const [first = '', ...words] = paragraph.split(/(?<=[^ ]) /)
    const lines: string[] = []
    let line = first
    for (const word of words) {
      if (displayWidth(`${line} ${word}`) > width) {
        lines.push(line)
        line = word
      } else line += ` ${word}`
    }
    return [...lines, line]
  })
}

export interface Column {
  /** One string for each line of the header. */
  readonly header: readonly string[]
  readonly align?: 'left' | 'right'
  /** Wrapped where the table would be too wide. */
  readonly isFlexible?: boolean
}

/** A table without rules: aligned columns, two spaces apart, or one where that does not fit. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  options: { readonly width: number; readonly indent: number; readonly header: (text: string) => string },
): string[] {
  const headerLines = Math.max(0, ...columns.map(column => column.header.length))
  const widths = columns.map((column, index) =>
    Math.max(...column.header.map(displayWidth), ...rows.map(row => displayWidth(row[index] ?? '')), 0),
  )
  const sum = widths.reduce((total, width) => total + width, 0)
  const gap = sum + 2 * (columns.length - 1) + options.indent > options.width ? 1 : 2
  const excess = sum + gap * (columns.length - 1) + options.indent - options.width
  const flexible = columns.findIndex(column => column.isFlexible)
  if (excess > 0 && flexible >= 0) widths[flexible] = Math.max(12, (widths[flexible] ?? 0) - excess)

  const set = (cells: readonly string[]) =>
    (
      ' '.repeat(options.indent) +
      cells.map((cell, index) => pad(cell, widths[index] ?? 0, columns[index]?.align)).join(' '.repeat(gap))
    ).trimEnd()
  const header = Array.from({ length: headerLines }, (_, line) =>
    options.header(set(columns.map(column => column.header[line] ?? ''))),
  )
  const body = rows.flatMap(row => {
    const wrapped = row.map((cell, index) =>
      displayWidth(cell) > (widths[index] ?? 0) ? wrap(cell, widths[index] ?? 0) : [cell],
    )
    const height = Math.max(...wrapped.map(lines => lines.length))
    return Array.from({ length: height }, (_, line) => set(wrapped.map(lines => lines[line] ?? '')))
  })
  return [...header, ...body]
}
