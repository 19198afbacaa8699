/** What a benchmark should reach: enforced where the plan asks, else shown for information. Pure. */
import type { BenchmarkPoint, TargetResult } from '../events/result.ts'
import type { Targets } from '../plan/schema.ts'

/** The usual targets of an interactive service; see docs/metrics.md. */
export const USUAL_TARGETS = {
  ttftMs: 100,
  tokensPerSecondPerUser: 50,
  tokensPerSecond: 1000,
  peakMemoryShare: 0.8,
} as const satisfies Required<Targets>

type Metric = keyof typeof USUAL_TARGETS

const COMPARISON: Readonly<Record<Metric, TargetResult['comparison']>> = {
  ttftMs: 'at-most',
  tokensPerSecondPerUser: 'at-least',
  tokensPerSecond: 'at-least',
  peakMemoryShare: 'at-most',
}

const SAYS: Readonly<Record<TargetResult['comparison'], string>> = { 'at-most': 'at most', 'at-least': 'at least' }

function figureOf(point: BenchmarkPoint, metric: Metric): number | null {
  return metric === 'peakMemoryShare' ? (point.figures[metric] ?? null) : (point.metrics[metric]?.median ?? null)
}

/** Time to first token is judged at batch 1, total throughput at the batch that gives most of it, the rest everywhere. */
function applies(metric: Metric, point: BenchmarkPoint, best: BenchmarkPoint | undefined): boolean {
  if (metric === 'ttftMs') return point.batch === 1
  return metric === 'tokensPerSecond' ? point === best : true
}

/** The points with their targets; one that misses a target that the plan asks for fails. */
export function judgeTargets(points: readonly BenchmarkPoint[], asked: Targets): BenchmarkPoint[] {
  const measured = points.filter(({ metrics }) => metrics['tokensPerSecond'])
  const rate = (point: BenchmarkPoint) => point.metrics['tokensPerSecond']?.median ?? 0
  const best = measured.toSorted((a, b) => rate(b) - rate(a))[0]
  return points.map(point => (measured.includes(point) ? withTargets(point, asked, best) : point))
}

function withTargets(point: BenchmarkPoint, asked: Targets, best: BenchmarkPoint | undefined): BenchmarkPoint {
  const metrics: Metric[] = ['ttftMs', 'tokensPerSecondPerUser', 'tokensPerSecond', 'peakMemoryShare']
  const targets = metrics
    .filter(metric => applies(metric, point, best))
    .map((metric): TargetResult => {
      const limit = asked[metric] ?? USUAL_TARGETS[metric]
      const value = figureOf(point, metric)
      const comparison = COMPARISON[metric]
      const met = value === null ? null : comparison === 'at-most' ? value <= limit : value >= limit
      return { metric, limit, comparison, value, met, enforced: asked[metric] !== undefined }
    })
  const missed = targets.find(({ met, enforced }) => enforced && met === false)
  if (!missed || point.status !== 'pass') return { ...point, targets }
  const value = missed.value?.toPrecision(4) ?? 'unknown'
  const reason = `${missed.metric} is ${value}, the target is ${SAYS[missed.comparison]} ${missed.limit}`
  return { ...point, targets, status: 'fail', reason }
}
