import type { ResultDocument } from '../../events/result.ts'
import { alternativesTables } from '../alternatives.ts'
import { printable, type View } from './look.ts'
import { table } from './text.ts'

/** Narrower ones have no room for every column; the other reports have them all. */
const WIDE = 100

/** A table for each model that ran on more than one device or in more than one precision: one row for each, to choose by. */
export function alternatives(result: ResultDocument, view: View): string[] {
  return alternativesTables(result).flatMap(({ model, columns, rows }, index) => {
    const shown = columns.flatMap(({ head: [...header], isWide }, at) =>
      view.width >= WIDE || !isWide ? [{ header, at }] : [],
    )
    return [
      ...(index === 0 ? [] : ['']),
      ...table(
        [
          { header: [printable(model), 'device'] },
          { header: ['', 'precision'] },
          ...shown.map(({ header }) => ({ header, align: 'right' as const })),
        ],
        rows.map(({ device, precision, cells }) => [device, precision, ...shown.map(({ at }) => cells[at] ?? '')]),
        { width: view.width, indent: 0, header: view.look.colors.dim },
      ),
    ]
  })
}
