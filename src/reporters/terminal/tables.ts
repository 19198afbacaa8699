import type { BenchmarkPoint, BenchmarkResult, CheckResult, UnitResult } from '../../events/result.ts'
import { boundedMetrics } from '../bounded.ts'
import {
  formatBytes,
  formatColumn,
  formatCount,
  formatMeasured,
  formatShare,
  formatThreshold,
  metricLabel,
  plural,
} from '../format.ts'
import { paint, printable, symbol, type View } from './look.ts'
import { table, wrap } from './text.ts'

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
  const bounded = boundedMetrics(check)
  if (bounded.length === 0) return [[name, paint(look, check.status, check.status), '', '', samples]]
  return bounded.map(({ metric, value, threshold, isMet }, index) => {
    const measured = formatMeasured(metric, value, threshold)
    return [
      index === 0 ? name : '',
      metricLabel(metric),
      isMet === false ? paint(look, 'fail', measured) : measured,
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

function targetLines(benchmark: BenchmarkResult, { look, width }: View): string[] {
  const all = benchmark.points.flatMap(point => point.targets.map(target => ({ batch: point.batch, target })))
  const met = all.filter(({ target }) => target.met === true).length
  const missed = all.filter(({ target }) => target.met === false)
  const lines = missed.flatMap(({ batch, target }) => {
    const value = formatMeasured(target.metric, target.value, target)
    const text = `batch ${batch}: ${metricLabel(target.metric)} ${value}, target ${formatThreshold(target.metric, target)}`
    const note = target.enforced ? '' : ' (for information)'
    const sign = target.enforced ? symbol(look, 'fail') : '·'
    return wrap(text + note, width - 4).map((line, index) => {
      const painted = target.enforced ? paint(look, 'fail', line) : look.colors.dim(line)
      return `  ${index === 0 ? sign : ' '} ${painted}`
    })
  })
  return [...(met === 0 ? [] : [`  ${look.colors.dim(`${plural(met, 'target')} met`)}`]), ...lines]
}
