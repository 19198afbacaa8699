import type { ResultDocument, UnitResult } from '../../events/result.ts'
import { verdictMatrix } from '../matrix.ts'
import { paint, printable, symbol, type View } from './look.ts'
import { displayWidth, table } from './text.ts'

/** Models down, devices with their precisions across; in several tables where one would be too wide. */
export function matrix(result: ResultDocument, view: View): string[] {
  const { columns, rows } = verdictMatrix(result)
  const modelWidth = Math.max(5, ...rows.map(row => displayWidth(printable(row.model))))
  const cell = (units: readonly UnitResult[]) =>
    units.map(({ status }) => `${symbol(view.look, status)} ${paint(view.look, status, status)}`).join(' ')
  const widthOf = (index: number) =>
    Math.max(
      ...Object.values(columns[index] ?? {}).map(displayWidth),
      ...rows.map(row => displayWidth(cell(row.cells[index] ?? []))),
    )
  const lines: string[] = []
  let from = 0
  while (from < columns.length) {
    let to = from + 1
    let used = modelWidth + 2 + widthOf(from)
    while (to < columns.length && used + 2 + widthOf(to) <= view.width) used += 2 + widthOf(to++)
    if (from > 0) lines.push('')
    lines.push(
      ...table(
        [
          { header: ['', 'model'] },
          ...columns.slice(from, to).map(({ device, precision }) => ({ header: [device, precision] })),
        ],
        rows.map(row => [printable(row.model), ...row.cells.slice(from, to).map(cell)]),
        { width: view.width, indent: 0, header: view.look.colors.dim },
      ),
    )
    from = to
  }
  return lines
}
