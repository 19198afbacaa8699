/** What a comparison of runs found, as sentences. */
import { formatMetric, formatThreshold, metricLabel } from '../reporters/format.ts'
import { directionOf, loss } from './directions.ts'
import type { FigureComparison, Finding, UnitComparison, UnitName, Verdicts } from './document.ts'
import { sayMetric, sayShare, WORDS } from './words.ts'

/** Numbers of checks that differ by less are alike for a reader; all stand in the table. */
const ALIKE = 0.1
/** Single figures, that have no statistics. */
const FIGURE_ALIKE = 0.05

export function unitLabel({ model, precision, devices: { a, b } }: UnitComparison): string {
  return `${model} on ${a === b ? a : `${a} and ${b}`} in ${precision}`
}

export function unitFindings(unit: UnitComparison): Finding[] {
  const about = unitLabel(unit)
  return [
    ...verdictFindings(about, 'the verdict', unit.verdicts),
    ...unit.checks.flatMap(({ name, verdicts }) => verdictFindings(about, name, verdicts)),
    ...unit.points.flatMap(({ benchmark, point, verdicts }) =>
      verdictFindings(about, `${benchmark} at ${point}`, verdicts),
    ),
    ...unit.points.flatMap(({ point, metrics, figures }) => [
      ...metrics.filter(isTold).map(
        (metric): Finding => ({
          kind: 'speed',
          change: CHANGES[metric.change],
          about: `${about}, ${point}`,
          sentence: sayMetric(metric),
        }),
      ),
      ...figures.flatMap(figure => figureFindings(`${about}, ${point}`, figure)),
    ]),
    ...unit.figures.flatMap(figure => figureFindings(about, figure)),
    ...unit.checks.flatMap(check => numericFindings(about, check)),
  ]
}

/** Whether a metric has a sentence of its own. */
export function isTold({ metric }: { readonly metric: string }): boolean {
  return directionOf(metric)?.isTold === true
}

const CHANGES = { better: 'better', worse: 'worse', 'not-shown': 'none', 'medians-alone': 'unknown' } as const

function verdictFindings(about: string, what: string, { a, b, change, reason }: Verdicts): Finding[] {
  const why = reason === null ? '' : `: ${reason}`
  switch (change) {
    case 'same':
      return []
    case 'vanished':
      return [{ kind: 'missing', change: 'worse', about, sentence: `${what} is in A alone (${a})` }]
    case 'new':
      return [{ kind: 'missing', change: 'neutral', about, sentence: `${what} is in B alone (${b})` }]
    case 'better':
    case 'worse':
      return [{ kind: 'verdict', change, about, sentence: `${what} went from ${a} to ${b}${why}` }]
  }
}

function figureFindings(about: string, { figure, a, b }: FigureComparison): Finding[] {
  const direction = directionOf(figure)
  if (direction?.isTold !== true || a === null || b === null || !(a > 0) || !(b > 0)) return []
  const lost = loss(direction, b / a)
  if (Math.abs(lost) <= FIGURE_ALIKE) return []
  const shown = `${formatMetric(figure, a)} in A, ${formatMetric(figure, b)} in B`
  return [
    {
      kind: 'figure',
      change: lost > 0 ? 'unknown' : 'neutral',
      about,
      sentence: `${direction.subject} is ${sayShare(lost)} ${WORDS[direction.kind][lost > 0 ? 'worse' : 'better']} (${shown}; one figure of each side, no statistics)`,
    },
  ]
}

function numericFindings(about: string, { name, metrics }: UnitComparison['checks'][number]): Finding[] {
  return metrics.flatMap(({ metric, a, b, threshold }) => {
    if (threshold === null || a === null || b === null || isAlike(a, b)) return []
    const shown = `${formatMetric(metric, a)} in A, ${formatMetric(metric, b)} in B`
    const limit = formatThreshold(metric, threshold)
    return [
      {
        kind: 'numerics',
        change: 'neutral',
        about,
        sentence: `${name}: ${metricLabel(metric)} is ${shown} (limit ${limit})`,
      },
    ]
  })
}

function isAlike(a: number, b: number): boolean {
  return a === b || Math.abs(a - b) <= ALIKE * Math.max(Math.abs(a), Math.abs(b))
}

/** Units that one side alone has. */
export function missingFindings({
  a,
  b,
}: {
  readonly a: readonly UnitName[]
  readonly b: readonly UnitName[]
}): Finding[] {
  const name = ({ model, device, precision }: UnitName) => `${model} on ${device} in ${precision}`
  return [
    ...a.map(
      (unit): Finding => ({ kind: 'missing', change: 'worse', about: name(unit), sentence: 'the unit is in A alone' }),
    ),
    ...b.map(
      (unit): Finding => ({
        kind: 'missing',
        change: 'neutral',
        about: name(unit),
        sentence: 'the unit is in B alone',
      }),
    ),
  ]
}
