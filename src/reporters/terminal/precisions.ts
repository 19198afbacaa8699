import type { ResultDocument } from '../../events/result.ts'
import { formatBytes, formatColumn, formatNumber, formatShare, NOTHING } from '../format.ts'
import { type PrecisionRow, precisionTables } from '../precisions.ts'
import { printable, type View } from './look.ts'
import { table } from './text.ts'

/** A table for each model that ran in more than one precision on a device: one row for each, to choose by. */
export function precisions(result: ResultDocument, view: View): string[] {
  return precisionTables(result).flatMap(({ model, device, rows }, index) => {
    const right = (...header: string[]) => ({ header, align: 'right' as const })
    const column = (of: (row: PrecisionRow) => number | null) => formatColumn(rows.map(of))
    const perplexity = column(row => row.perplexity)
    const speed = column(row => row.tokensPerSecond)
    return [
      ...(index === 0 ? [] : ['']),
      ...table(
        [
          { header: [`${printable(model)}`, device] },
          right('error', 'rel. L2'),
          right('KL', 'nats'),
          right('top-1', 'agrees'),
          right('', 'perplexity'),
          right('', 'change'),
          right('', 'size'),
          right('decode', 'tokens/s'),
        ],
        rows.map((row, at) => [
          row.precision,
          formatNumber(row.relL2, 3),
          formatNumber(row.klNatsMean, 3),
          formatShare(row.top1),
          perplexity[at] ?? NOTHING,
          signed(row.perplexityChange),
          formatBytes(row.weightBytes),
          speed[at] ?? NOTHING,
        ]),
        { width: view.width, indent: 0, header: view.look.colors.dim },
      ),
    ]
  })
}

function signed(value: number | null): string {
  return `${value !== null && value > 0 ? '+' : ''}${formatNumber(value, 3)}`
}
