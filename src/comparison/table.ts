/** The tables of a comparison as cells, for every report. */
import { formatMetric, metricLabel, NOTHING } from '../reporters/format.ts'
import { directionOf } from './directions.ts'
import type { ComparisonDocument, MetricComparison, UnitComparison } from './document.ts'
import { unitLabel } from './findings.ts'
import { sayP, WORDS } from './words.ts'

/** One unit's benchmarks: metric, both medians, ratio, interval, p, what it says. */
export interface SpeedTable {
  readonly title: string
  readonly rows: readonly { readonly cells: readonly string[]; readonly change: MetricComparison['change'] }[]
}

export const SPEED_HEAD = ['', 'A', 'B', 'B / A', '95 % interval', 'Mann-Whitney', 'B is'] as const

export function speedTables({ units }: ComparisonDocument): SpeedTable[] {
  return units.flatMap(unit =>
    unit.points
      .filter(({ metrics }) => metrics.length > 0)
      .map(({ benchmark, point, metrics }) => ({
        title: `${unitLabel(unit)}, ${benchmark}, ${point}`,
        rows: metrics.map(metric => ({ change: metric.change, cells: speedRow(metric) })),
      })),
  )
}

function speedRow(comparison: MetricComparison): string[] {
  const { metric, a, b, ratio, interval, p } = comparison
  return [
    metricLabel(metric),
    formatMetric(metric, a),
    formatMetric(metric, b),
    ratio === null ? NOTHING : ratio.toFixed(3),
    interval === null ? NOTHING : interval.map(bound => bound.toFixed(3)).join(' to '),
    p === null ? NOTHING : sayP(p),
    sayChange(comparison),
  ]
}

function sayChange({ change, metric }: MetricComparison): string {
  const words = WORDS[directionOf(metric)?.kind ?? 'time']
  switch (change) {
    case 'better':
      return words.better
    case 'worse':
      return words.worse
    case 'not-shown':
      return 'not shown to differ'
    case 'medians-alone':
      return 'unknown: no samples'
  }
}

export const VERDICT_HEAD = ['unit', 'part', 'A', 'B', ''] as const

/** Every verdict that is not the same on both sides. */
export function verdictRows({ units }: ComparisonDocument): string[][] {
  return units.flatMap(unit => {
    const parts: readonly (readonly [string, UnitComparison['verdicts']])[] = [
      ['the unit', unit.verdicts],
      ...unit.checks.map(({ name, verdicts }) => [name, verdicts] as const),
      ...unit.points.map(({ benchmark, point, verdicts }) => [`${benchmark}, ${point}`, verdicts] as const),
    ]
    return parts
      .filter(([, { change }]) => change !== 'same')
      .map(([part, { a, b, change }]) => [unitLabel(unit), part, a ?? NOTHING, b ?? NOTHING, change])
  })
}

export const NUMERIC_HEAD = ['unit', 'check', 'metric', 'A', 'B', 'limit'] as const

/** The judged metrics of every check that both sides have. */
export function numericRows({ units }: ComparisonDocument): string[][] {
  return units.flatMap(unit =>
    unit.checks.flatMap(({ name, metrics }) =>
      metrics
        .filter(({ threshold, a, b }) => threshold !== null && (a !== null || b !== null))
        .map(({ metric, a, b, threshold }) => [
          unitLabel(unit),
          name,
          metricLabel(metric),
          formatMetric(metric, a),
          formatMetric(metric, b),
          formatMetric(metric, threshold?.limit),
        ]),
    ),
  )
}

export const OUTPUT_HEAD = ['case', 'output', 'is', 'relative L2', 'max abs', 'top-1', 'top five the same'] as const

export function outputRows({ outputs }: ComparisonDocument): string[][] {
  return outputs.map(({ case: id, output, status, metrics, topFive }) => [
    id,
    output,
    status,
    formatMetric('relL2', metrics['relL2']),
    formatMetric('maxAbs', metrics['maxAbs']),
    formatMetric('topShare', metrics['top1']),
    topFive === null ? NOTHING : `${topFive.identical} of ${topFive.positions}`,
  ])
}

export function sideTitle(letter: 'A' | 'B', { name, of, by, startedAt, kind }: ComparisonDocument['a']): string {
  const when = startedAt === null ? '' : `, ${startedAt.slice(0, 16).replace('T', ' ')}Z`
  const who = by === null ? '' : `, ${by}`
  return `${letter}: ${name} (${kind} ${of}${who}${when})`
}
