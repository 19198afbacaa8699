import type { ResultDocument } from '../../events/result.ts'
import { PRECISION_HEADS, precisionCells, precisionTables } from '../precisions.ts'
import { printable, type View } from './look.ts'
import { table } from './text.ts'

/** A table for each model that ran in more than one precision on a device: one row for each, to choose by. */
export function precisions(result: ResultDocument, view: View): string[] {
  return precisionTables(result).flatMap(({ model, device, rows }, index) => {
    const cells = precisionCells(rows)
    return [
      ...(index === 0 ? [] : ['']),
      ...table(
        [
          { header: [printable(model), device] },
          ...PRECISION_HEADS.map(([...header]) => ({ header, align: 'right' as const })),
        ],
        rows.map(({ precision }, at) => [precision, ...(cells[at] ?? [])]),
        { width: view.width, indent: 0, header: view.look.colors.dim },
      ),
    ]
  })
}
