import { headInOne, kindOf } from '../../benchmarks/index.ts'
import type { BenchmarkPoint, BenchmarkResult } from '../../events/result.ts'
import { fullPointName } from '../../events/shape.ts'
import { columnCells } from '../columns.ts'
import { formatBytes, formatMeasured, formatShare, formatThreshold, metricLabel } from '../format.ts'
import { signed } from './sign.ts'
import { escapeMarkdown, markdownTable } from './text.ts'

/** A benchmark's points, the targets that were missed, and why a point is no pass. */
export function benchmarkPart(benchmark: BenchmarkResult): string[] {
  const { name, points, saturationBatch } = benchmark
  const { columns } = kindOf(name)
  const figures = [
    ...columns.map(column => columnCells(column, points)),
    points.map(point => formatBytes(point.figures['peakMemoryBytes'])),
    points.map(point => formatShare(point.figures['peakMemoryShare'])),
  ]
  const table = markdownTable(
    [
      { head: name },
      ...[...columns.map(headInOne), 'peak memory', 'of the device'].map(head => ({ head, isNumber: true })),
      { head: 'audit' },
    ],
    points.map((point, row) => [
      signed(point.status, fullPointName(name, point)),
      ...figures.map(cells => cells[row] ?? ''),
      signed(point.audit.status, point.audit.reason ?? point.audit.status),
    ]),
  )
  const saturation = saturationBatch === null ? [] : [`Throughput stops growing at batch ${saturationBatch}.`]
  const remarks = points.flatMap(point => remarksOn(fullPointName(name, point), point))
  return [
    ...(table === null ? [] : [table]),
    ...saturation,
    ...(remarks.length === 0 ? [] : [remarks.map(remark => `- ${remark}`).join('\n')]),
  ]
}

function remarksOn(named: string, point: BenchmarkPoint): string[] {
  const missed = point.targets
    .filter(({ met, enforced }) => met === false && !enforced)
    .map(({ metric, value, ...limit }) => {
      const measured = formatMeasured(metric, value, limit)
      return `${named}: ${metricLabel(metric)} ${measured}, target ${formatThreshold(metric, limit)} (for information)`
    })
  // A target that is enforced is the point's reason.
  const reasons = point.reason === null ? [] : [`${named}: ${point.reason}`]
  return [...reasons, ...missed].map(escapeMarkdown)
}
