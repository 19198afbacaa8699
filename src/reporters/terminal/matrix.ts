import type { ResultDocument, UnitResult } from '../../events/result.ts'
import { verdictMatrix } from '../matrix.ts'
import { paint, printable, symbol } from './look.ts'
import type { View } from './summary.ts'
import { displayWidth, table } from './text.ts'

/** Models down, devices with their precisions across; in several tables where one would be too wide. */
export function matrix(result: ResultDocument, view: View): string[] {
  const { columns, rows } = verdictMatrix(result)
  const modelWidth = Math.max(5, ...rows.map(row => displayWidth(printable(row.model))))
  const cellWidth = Math.max(
    6,
    ...columns.map(({ device }) => device.length),
    ...result.units.map(unit => unit.status.length + 2),
  )
  const perTable = Math.max(1, Math.floor((view.width - modelWidth) / (cellWidth + 2)))
  const cell = (units: readonly UnitResult[]) =>
    units.map(({ status }) => `${symbol(view.look, status)} ${paint(view.look, status, status)}`).join(' ')
  const lines: string[] = []
  for (let from = 0; from < columns.length; from += perTable) {
    const shown = columns.slice(from, from + perTable)
    if (from > 0) lines.push('')
    lines.push(
      ...table(
        [{ header: ['', 'model'] }, ...shown.map(({ device, precision }) => ({ header: [device, precision] }))],
        rows.map(row => [printable(row.model), ...row.cells.slice(from, from + perTable).map(cell)]),
        { width: view.width, indent: 0, header: view.look.colors.dim },
      ),
    )
  }
  return lines
}
