import { headInTwo, kindOf } from '../../benchmarks/index.ts'
import type { BenchmarkPoint, BenchmarkResult, CheckResult, DeviceCeilings, UnitResult } from '../../events/result.ts'
import { byShape, pointName, shapeKey, shapeName } from '../../events/shape.ts'
import { boundedMetrics } from '../bounded.ts'
import { columnCells } from '../columns.ts'
import {
  formatBytes,
  formatCount,
  formatMeasured,
  formatShare,
  formatThreshold,
  metricLabel,
  plural,
} from '../format.ts'
import { ceilingsText, saturationSentence } from '../saturation.ts'
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

/** A benchmark's points, a table for each shape with a row for each batch size, where throughput ends, and the targets below. */
export function benchmarkTable(benchmark: BenchmarkResult, ceilings: DeviceCeilings | null, view: View): string[] {
  const { dim } = view.look.colors
  const limits = ceilings === null ? null : ceilingsText(ceilings)
  return [
    ...byShape(benchmark.points).flatMap(({ shape, points }, index) => {
      const saturation = benchmark.saturation.find(each => shapeKey(each.shape) === shapeKey(shape))
      const sentence =
        saturation === undefined
          ? []
          : wrap(printable(saturationSentence(benchmark.name, saturation, ceilings)), view.width - 2)
      return [
        ...(index === 0 ? [] : ['']),
        `  ${dim(shapeName(benchmark.name, shape))}`,
        ...pointTable(benchmark.name, points, saturation?.batch ?? null, view),
        ...untimedLines(points, view),
        ...sentence.map(line => `  ${line}`),
      ]
    }),
    ...(limits === null ? [] : [`  ${dim(`measured on the device: ${limits}`)}`]),
    ...targetLines(benchmark, view),
  ]
}

/** Columns of a terminal from which on there is room for everything. */
const WIDE = 100

function pointTable(
  name: string,
  points: readonly BenchmarkPoint[],
  saturationBatch: number | null,
  { look, width }: View,
): string[] {
  const right = (...header: string[]) => ({ header, align: 'right' as const })
  const columns = kindOf(name)
    .columns.filter(column => width >= WIDE || !column.isWide)
    .map(column => ({ column, cells: columnCells(column, points) }))
  const rows = points.map((point, row) => [
    `${symbol(look, point.status)} ${point.batch}${point.batch === saturationBatch ? ' sat' : ''}`,
    ...columns.map(({ cells }) => cells[row] ?? ''),
    formatBytes(point.figures['peakMemoryBytes']),
    formatShare(point.figures['peakMemoryShare']),
  ])
  return table(
    [
      { header: [printable(name), 'batch'] },
      ...columns.map(({ column }) => right(...headInTwo(column))),
      right('peak', 'memory'),
      right('', 'share'),
    ],
    rows,
    { width, indent: 2, header: look.colors.dim },
  )
}

/** Why a point has no figures. */
function untimedLines(points: readonly BenchmarkPoint[], { look, width }: View): string[] {
  return points
    .filter(({ status }) => status === 'error' || status === 'skip')
    .flatMap(({ batch, status, reason }) =>
      wrap(`batch ${batch}: ${printable(reason ?? status)}`, width - 4).map(
        (line, index) => `  ${index === 0 ? symbol(look, status) : ' '} ${paint(look, status, line)}`,
      ),
    )
}

/** Targets that the plan asks for and that are missed one by one; of the others, those that many points miss in one line each. */
function targetLines({ name: benchmark, points }: BenchmarkResult, { look, width }: View): string[] {
  const all = points.flatMap(point =>
    point.targets.map(target => ({ name: pointName(benchmark, point, points), target })),
  )
  const met = all.filter(({ target }) => target.met === true).length
  const missed = Map.groupBy(
    all.filter(({ target }) => target.met === false),
    ({ name, target }) => (target.enforced ? `${target.metric} ${name}` : target.metric),
  )
  const lines = [...missed.values()].flatMap(group => {
    const [first] = group
    if (first === undefined) return []
    const { name, target } = first
    const limit = `${metricLabel(target.metric)} target ${formatThreshold(target.metric, target)}`
    const value = formatMeasured(target.metric, target.value, target)
    const where = group.length === 1 ? `${value} at ${name}` : `missed at ${plural(group.length, 'point')}`
    const note = target.enforced ? '' : ' (for information)'
    const sign = target.enforced ? symbol(look, 'fail') : '·'
    return wrap(`${limit}: ${where}${note}`, width - 4).map((line, index) => {
      const painted = target.enforced ? paint(look, 'fail', line) : look.colors.dim(line)
      return `  ${index === 0 ? sign : ' '} ${painted}`
    })
  })
  return [...(met === 0 ? [] : [`  ${look.colors.dim(`${plural(met, 'target')} met`)}`]), ...lines]
}
