/** What a benchmark should reach: enforced where the plan asks, else shown for information. Pure. */
import type { BenchmarkKind, Target } from '../../benchmarks/index.ts'
import type { BenchmarkPoint, TargetResult } from '../../events/result.ts'

/** Limits that a plan asks for, by metric. */
export type Asked = Readonly<Record<string, number | undefined>>

const SAYS: Readonly<Record<TargetResult['comparison'], string>> = { 'at-most': 'at most', 'at-least': 'at least' }

function measuredValue(point: BenchmarkPoint, metric: string): number | null {
  return point.metrics[metric]?.median ?? point.figures[metric] ?? null
}

function applies(at: Target['at'], point: BenchmarkPoint, best: BenchmarkPoint | undefined): boolean {
  switch (at) {
    case 'batch-1':
      return point.batch === 1
    case 'best':
      return point === best
    case 'every':
      return true
  }
}

/** The points of one shape with their targets; one that misses a target that the plan asks for fails. */
export function judgeTargets(
  { throughput, targets }: Pick<BenchmarkKind, 'throughput' | 'targets'>,
  points: readonly BenchmarkPoint[],
  asked: Asked,
): BenchmarkPoint[] {
  const measured = points.filter(({ metrics }) => metrics[throughput])
  const rate = (point: BenchmarkPoint) => point.metrics[throughput]?.median ?? 0
  const best = measured.toSorted((a, b) => rate(b) - rate(a))[0]
  return points.map(point => (measured.includes(point) ? withTargets(targets, point, asked, best) : point))
}

function withTargets(
  kinds: BenchmarkKind['targets'],
  point: BenchmarkPoint,
  asked: Asked,
  best: BenchmarkPoint | undefined,
): BenchmarkPoint {
  const targets = Object.entries(kinds)
    .filter(([, { at }]) => applies(at, point, best))
    .flatMap(([metric, { comparison, usual }]): TargetResult[] => {
      const limit = asked[metric] ?? usual
      if (limit === null) return []
      const value = measuredValue(point, metric)
      const met = value === null ? null : comparison === 'at-most' ? value <= limit : value >= limit
      return [{ metric, limit, comparison, value, met, enforced: asked[metric] !== undefined }]
    })
  const missed = targets.find(({ met, enforced }) => enforced && met === false)
  if (!missed || point.status !== 'pass') return { ...point, targets }
  const value = missed.value?.toPrecision(4) ?? 'unknown'
  const reason = `${missed.metric} is ${value}, the target is ${SAYS[missed.comparison]} ${missed.limit}`
  return { ...point, targets, status: 'fail', reason }
}
