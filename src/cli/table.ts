import { legible, lookOf, printable, widthOf } from '../reporters/terminal/look.ts'
import { type Column, table } from '../reporters/terminal/text.ts'
import type { Output } from './output.ts'

export type { Column } from '../reporters/terminal/text.ts'

/** A table for standard output, as wide as it is and in what it can show. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { stdout, env }: Output,
): string {
  const look = lookOf(stdout, env)
  const cells = rows.map(row => row.map(printable))
  const lines = table(columns, cells, { width: widthOf(stdout, undefined), indent: 0, header: look.colors.dim })
  return legible(look, lines.join('\n'))
}
