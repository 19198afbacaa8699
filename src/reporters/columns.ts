/** The cells of a column of a table of points, so that every report shows the same. */
import type { Column } from '../benchmarks/index.ts'
import type { BenchmarkPoint } from '../events/result.ts'
import { formatColumn, formatShare } from './format.ts'

/** One for each point. */
export function columnCells({ of, isShare }: Column, points: readonly BenchmarkPoint[]): string[] {
  return isShare ? points.map(point => formatShare(of(point))) : formatColumn(points.map(of))
}
