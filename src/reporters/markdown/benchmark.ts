import type { BenchmarkPoint, BenchmarkResult } from '../../events/result.ts'
import { formatBytes, formatColumn, formatMeasured, formatShare, formatThreshold, metricLabel } from '../format.ts'
import { pointName } from '../units.ts'
import { signed } from './sign.ts'
import { escapeMarkdown, markdownTable } from './text.ts'

/** A benchmark's points, the targets that were missed, and why a point is no pass. */
export function benchmarkPart(benchmark: BenchmarkResult): string[] {
  const { name, points, saturationBatch } = benchmark
  const column = (of: (point: BenchmarkPoint) => number | null | undefined) => formatColumn(points.map(of))
  const figures = [
    column(point => point.metrics['ttftMs']?.p50),
    column(point => point.metrics['ttftMs']?.p95),
    column(point => point.metrics['itlMs']?.p50),
    column(point => point.metrics['tpotMs']?.median),
    column(point => point.metrics['tokensPerSecondPerUser']?.median),
    column(point => point.metrics['tokensPerSecond']?.median),
    points.map(point => formatBytes(point.figures['peakMemoryBytes'])),
    points.map(point => formatShare(point.figures['peakMemoryShare'])),
  ]
  const heads = ['TTFT p50 ms', 'TTFT p95 ms', 'ITL p50 ms', 'TPOT ms', 'tokens/s per user', 'tokens/s in all']
  const table = markdownTable(
    [
      { head: name },
      ...[...heads, 'peak memory', 'of the device'].map(head => ({ head, isNumber: true })),
      { head: 'audit' },
    ],
    points.map((point, row) => [
      signed(point.status, pointName(point)),
      ...figures.map(cells => cells[row] ?? ''),
      signed(point.audit.status, point.audit.reason ?? point.audit.status),
    ]),
  )
  const saturation = saturationBatch === null ? [] : [`Throughput stops growing at batch ${saturationBatch}.`]
  const remarks = points.flatMap(remarksOn)
  return [
    ...(table === null ? [] : [table]),
    ...saturation,
    ...(remarks.length === 0 ? [] : [remarks.map(remark => `- ${remark}`).join('\n')]),
  ]
}

function remarksOn(point: BenchmarkPoint): string[] {
  const missed = point.targets
    .filter(({ met, enforced }) => met === false && !enforced)
    .map(({ metric, value, ...limit }) => {
      const measured = formatMeasured(metric, value, limit)
      return `${pointName(point)}: ${metricLabel(metric)} ${measured}, target ${formatThreshold(metric, limit)} (for information)`
    })
  // A target that is enforced is the point's reason.
  const reasons = point.reason === null ? [] : [`${pointName(point)}: ${point.reason}`]
  return [...reasons, ...missed].map(escapeMarkdown)
}
