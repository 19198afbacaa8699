import type { ResultDocument } from '../../events/result.ts'
import { ALTERNATIVE_HEADS, alternativeCells, alternativesTables } from '../alternatives.ts'
import { printable, type View } from './look.ts'
import { table } from './text.ts'

/** What eighty columns have no room for; the other reports have it. */
const WIDE_ONLY = ['nats', 'change']
const WIDE = 100

/** A table for each model that ran on more than one device or in more than one precision: one row for each, to choose by. */
export function alternatives(result: ResultDocument, view: View): string[] {
  const isShown = ([, head]: readonly [string, string]) => view.width >= WIDE || !WIDE_ONLY.includes(head)
  const shown = ALTERNATIVE_HEADS.flatMap((heads, at) => (isShown(heads) ? [{ heads, at }] : []))
  return alternativesTables(result).flatMap(({ model, rows }, index) => {
    const cells = alternativeCells(rows)
    return [
      ...(index === 0 ? [] : ['']),
      ...table(
        [
          { header: [printable(model), 'device'] },
          { header: ['', 'precision'] },
          ...shown.map(({ heads: [...header] }) => ({ header, align: 'right' as const })),
        ],
        rows.map(({ device, precision }, row) => [device, precision, ...shown.map(({ at }) => cells[row]?.[at] ?? '')]),
        { width: view.width, indent: 0, header: view.look.colors.dim },
      ),
    ]
  })
}
