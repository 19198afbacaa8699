import type { ResultDocument } from '../../events/result.ts'
import { efficiencyCells, efficiencyHeads, efficiencyTables } from '../throughput.ts'
import { printable, type View } from './look.ts'
import { table } from './text.ts'

/** The models of a run in the order of the share of the device's arithmetic that they reach, a table for each kind of benchmark. */
export function efficiency(result: ResultDocument, view: View): string[] {
  return efficiencyTables(result).flatMap(({ benchmark, rows }, index) => {
    const cells = efficiencyCells(rows)
    return [
      ...(index === 0 ? [] : ['']),
      ...table(
        [
          { header: [benchmark, 'rank'], align: 'right' },
          { header: ['', 'model'], isFlexible: true },
          ...efficiencyHeads(benchmark).map(([...header]) => ({ header, align: 'right' as const })),
        ],
        rows.map(({ name, mfu }, at) => [mfu === null ? '' : String(at + 1), printable(name), ...(cells[at] ?? [])]),
        { width: view.width, indent: 0, header: view.look.colors.dim },
      ),
    ]
  })
}
