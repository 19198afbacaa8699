import type { BenchmarkPoint, BenchmarkResult, CheckResult, TargetResult, UnitResult } from '../../events/result.ts'
import {
  formatBytes,
  formatColumn,
  formatCount,
  formatMeasured,
  formatMetric,
  formatShare,
  formatThreshold,
  meets,
  metricLabel,
  plural,
} from '../format.ts'
import { paint, printable, symbol } from './look.ts'
import type { View } from './summary.ts'
import { table } from './text.ts'

/** A unit's checks: for each bounded metric the measured value beside its threshold. */
export function checkTable(unit: UnitResult, view: View): string[] {
  if (unit.checks.length === 0) return []
  return table(
    [
      { header: ['check'] },
      { header: ['metric'], isFlexible: true },
      { header: ['measured'], align: 'right' },
      { header: ['threshold'] },
      { header: ['samples'], align: 'right' },
    ],
    unit.checks.flatMap(check => checkRows(check, view)),
    { width: view.width, indent: 2, header: view.look.colors.dim },
  )
}

function checkRows(check: CheckResult, { look }: View): string[][] {
  const name = `${symbol(look, check.status)} ${printable(check.name)}`
  const samples = check.samples === 0 ? '' : formatCount(check.samples)
  const bounded = Object.entries(check.thresholds)
  if (bounded.length === 0) return [[name, paint(look, check.status, check.status), '', '', samples]]
  return bounded.map(([metric, threshold], index) => {
    const value = check.metrics[metric]
    const measured = formatMeasured(metric, value, threshold)
    return [
      index === 0 ? name : '',
      metricLabel(metric),
      meets(value, threshold) === false ? paint(look, 'fail', measured) : measured,
      formatThreshold(metric, threshold),
      index === 0 ? samples : '',
    ]
  })
}

/** A benchmark's points, one row for each batch size, and the targets below. */
export function benchmarkTable(benchmark: BenchmarkResult, view: View): string[] {
  const { look } = view
  const right = (...header: string[]) => ({ header, align: 'right' as const })
  const column = (of: (point: BenchmarkPoint) => number | null | undefined) => formatColumn(benchmark.points.map(of))
  const columns = [
    column(point => point.metrics['ttftMs']?.p50),
    column(point => point.metrics['ttftMs']?.p95),
    column(point => point.metrics['itlMs']?.p50),
    column(point => point.metrics['tpotMs']?.median),
    column(point => point.metrics['tokensPerSecondPerUser']?.median),
    column(point => point.metrics['tokensPerSecond']?.median),
  ]
  const rows = benchmark.points.map((point, row) => [
    `${symbol(look, point.status)} ${point.batch}${point.batch === benchmark.saturationBatch ? ' sat' : ''}`,
    ...columns.map(cells => cells[row] ?? ''),
    formatBytes(point.figures['peakMemoryBytes']),
    formatShare(point.figures['peakMemoryShare']),
  ])
  const lines = table(
    [
      { header: [printable(benchmark.name), 'batch'] },
      right('TTFT', 'p50 ms'),
      right('TTFT', 'p95 ms'),
      right('ITL', 'p50 ms'),
      right('TPOT', 'ms'),
      right('tokens/s', 'per user'),
      right('tokens/s', 'in all'),
      right('peak', 'memory'),
      right('', 'share'),
    ],
    rows,
    { width: view.width, indent: 2, header: look.colors.dim },
  )
  return [...lines, ...targetLines(benchmark, view)]
}

function targetLines(benchmark: BenchmarkResult, { look }: View): string[] {
  const missed = benchmark.points
    .flatMap(point => point.targets.map(target => ({ point, target })))
    .filter(({ target }) => target.met === false)
  const met = benchmark.points.flatMap(point => point.targets).filter(target => target.met === true).length
  const describe = ({ point, target }: { point: BenchmarkPoint; target: TargetResult }) => {
    const text = `batch ${point.batch}: ${metricLabel(target.metric)} ${formatMetric(target.metric, target.value)}, target ${formatThreshold(target.metric, target)}`
    return target.enforced
      ? `  ${symbol(look, 'fail')} ${paint(look, 'fail', text)}`
      : `  ${look.colors.dim(`· ${text} (for information)`)}`
  }
  return [...(met === 0 ? [] : [`  ${look.colors.dim(`${plural(met, 'target')} met`)}`]), ...missed.map(describe)]
}
