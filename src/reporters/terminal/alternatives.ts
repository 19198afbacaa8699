import type { ResultDocument } from '../../events/result.ts'
import { ALTERNATIVE_HEADS, alternativeCells, alternativesTables } from '../alternatives.ts'
import { printable, type View } from './look.ts'
import { table } from './text.ts'

/** A table for each model that ran in more than one precision, or on more than one device: one row for each, to choose by. */
export function alternatives(result: ResultDocument, view: View): string[] {
  return alternativesTables(result).flatMap(({ model, shared, rows }, index) => {
    const cells = alternativeCells(rows)
    return [
      ...(index === 0 ? [] : ['']),
      ...table(
        [
          { header: [printable(model), shared] },
          ...ALTERNATIVE_HEADS.map(([...header]) => ({ header, align: 'right' as const })),
        ],
        rows.map(({ name }, at) => [name, ...(cells[at] ?? [])]),
        { width: view.width, indent: 0, header: view.look.colors.dim },
      ),
    ]
  })
}
