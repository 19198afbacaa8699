/** Whether a comparison is to fail: something got worse by more than was allowed, and the statistics show it. */
import { directionOf, loss } from './directions.ts'
import type { Finding, Gate, MetricComparison, UnitComparison } from './document.ts'
import { isTold, unitLabel } from './findings.ts'
import { sayMetric, sayShare } from './words.ts'

export interface Asked {
  readonly failOn: Gate['failOn']
  /** The least loss that is a regression, as a share: 0.05 for 5 %. */
  readonly by: number
}

/**
 * A regression is a verdict that got worse, a unit or a part of one that vanished, and a metric that is worse by more than `by`
 * where the samples show it. What could not be told is a metric whose interval reaches beyond `by` and is no regression, and one
 * without samples: it fails nothing unless it was asked for.
 */
export function judgeGate({ failOn, by }: Asked, findings: readonly Finding[], units: readonly UnitComparison[]): Gate {
  const metrics = units.flatMap(unit =>
    unit.points.flatMap(({ point, metrics }) =>
      metrics
        .filter(isTold)
        .map(metric => ({ metric, outcome: outcomeOf(metric, by), about: `${unitLabel(unit)}, ${point}` })),
    ),
  )
  const say = (wanted: ReturnType<typeof outcomeOf>) =>
    metrics.flatMap(({ metric, outcome, about }) =>
      outcome === wanted ? [`${about}: ${sayOutcome(metric, wanted, by)}`] : [],
    )
  const worse = findings.filter(({ kind, change }) => change === 'worse' && kind !== 'speed')
  const regressions = [...worse.map(sayFinding), ...say('regression')]
  const inconclusive = [...say('unknown'), ...figuresBeyond(findings)]
  return {
    failOn: [...failOn],
    by,
    regressions,
    inconclusive,
    failed:
      (failOn.includes('regression') && regressions.length > 0) ||
      (failOn.includes('inconclusive') && inconclusive.length > 0),
  }
}

function sayFinding({ about, sentence }: Finding): string {
  return about === null ? sentence : `${about}: ${sentence}`
}

/** Single figures that got worse: no statistics can show it. */
function figuresBeyond(findings: readonly Finding[]): string[] {
  return findings.filter(({ kind, change }) => kind === 'figure' && change === 'unknown').map(sayFinding)
}

export function outcomeOf(metric: MetricComparison, by: number): 'regression' | 'within' | 'unknown' {
  const direction = directionOf(metric.metric)
  if (direction === null || metric.ratio === null || metric.interval === null) return 'unknown'
  if (metric.change === 'worse' && loss(direction, metric.ratio) > by) return 'regression'
  return worstLoss(metric.interval, direction) > by ? 'unknown' : 'within'
}

function worstLoss(interval: readonly [number, number], direction: Parameters<typeof loss>[0]): number {
  return Math.max(...interval.map(bound => loss(direction, bound)))
}

function sayOutcome(metric: MetricComparison, outcome: string, by: number): string {
  const direction = directionOf(metric.metric)
  if (outcome === 'regression' || direction === null || metric.interval === null) return sayMetric(metric)
  const most = worstLoss(metric.interval, direction)
  return `${direction.subject}: a loss of more than ${sayShare(by)} can be neither shown nor ruled out (the interval reaches ${sayShare(most)})`
}
