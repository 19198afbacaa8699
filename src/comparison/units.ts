/** Two results of the same unit: verdicts, checks, points of benchmarks, figures. */
import type { BenchmarkPoint, CheckResult, UnitResult } from '../events/result.ts'
import { pointName, shapeKey } from '../events/shape.ts'
import { directionOf } from './directions.ts'
import type { CheckComparison, FigureComparison, PointComparison, UnitComparison } from './document.ts'
import { compareMetric, type Measured } from './metric.ts'
import type { Samples } from './samples.ts'
import { compareVerdicts } from './verdicts.ts'

/** A unit of one side, with the samples behind its summaries where they are at hand. */
export interface UnitSide {
  readonly unit: UnitResult
  readonly samples: Samples | null
}

export function compareUnits(a: UnitSide, b: UnitSide): UnitComparison {
  return {
    model: a.unit.model,
    precision: a.unit.precision,
    devices: { a: a.unit.device, b: b.unit.device },
    verdicts: compareVerdicts(a.unit, b.unit),
    checks: inBoth(a.unit.checks, b.unit.checks, ({ name }) => name).map(([one, two]) => compareChecks(one, two)),
    points: comparePoints(a, b),
    figures: [
      { figure: 'loadMs', a: a.unit.loadMs, b: b.unit.loadMs },
      { figure: 'weightBytes', a: a.unit.weightBytes, b: b.unit.weightBytes },
    ].filter(({ a, b }) => a !== null || b !== null),
  }
}

/** Everything that either side has, by its key, in the order of the first. */
function inBoth<T>(
  a: readonly T[],
  b: readonly T[],
  key: (item: T) => string,
): (readonly [T, T | undefined] | readonly [undefined, T])[] {
  const theirs = new Map(b.map(item => [key(item), item]))
  const ours = new Set(a.map(key))
  return [
    ...a.map(item => [item, theirs.get(key(item))] as const),
    ...b.filter(item => !ours.has(key(item))).map(item => [undefined, item] as const),
  ]
}

function compareChecks(a: CheckResult | undefined, b: CheckResult | undefined): CheckComparison {
  const [ours, theirs] = [a?.metrics ?? {}, b?.metrics ?? {}]
  const names = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])]
  return {
    name: a?.name ?? b?.name ?? '',
    verdicts: compareVerdicts(a, b),
    metrics: names.map(metric => ({
      metric,
      a: ours[metric] ?? null,
      b: theirs[metric] ?? null,
      threshold: b?.thresholds[metric] ?? a?.thresholds[metric] ?? null,
    })),
  }
}

interface Placed {
  readonly benchmark: string
  readonly point: BenchmarkPoint
}

function comparePoints(a: UnitSide, b: UnitSide): PointComparison[] {
  const placed = ({ unit }: UnitSide): Placed[] =>
    unit.benchmarks.flatMap(({ name, points }) => points.map(point => ({ benchmark: name, point })))
  const [ours, theirs] = [placed(a), placed(b)]
  const neighbours = (benchmark: string) =>
    [...ours, ...theirs].flatMap(each => (each.benchmark === benchmark ? [each.point] : []))
  const key = ({ benchmark, point }: Placed) => JSON.stringify([benchmark, point.batch, shapeKey(point.shape)])
  return inBoth(ours, theirs, key).map(([one, two]) => {
    const any = one ?? two
    return {
      benchmark: any.benchmark,
      point: pointName(any.benchmark, any.point, neighbours(any.benchmark)),
      verdicts: compareVerdicts(one?.point, two?.point),
      metrics: one === undefined || two === undefined ? [] : compareMetrics(a, one, b, two),
      figures: compareFigures(one?.point.figures ?? {}, two?.point.figures ?? {}),
    }
  })
}

/** Every metric that both sides have and of which it is known which way is better. */
function compareMetrics(a: UnitSide, one: Placed, b: UnitSide, two: Placed): PointComparison['metrics'] {
  const [ours, theirs] = [measuredOf(a, one), measuredOf(b, two)]
  return Object.keys(one.point.metrics).flatMap(metric => {
    const direction = directionOf(metric)
    const [left, right] = [ours(metric), theirs(metric)]
    return direction === null || left === null || right === null ? [] : [compareMetric(metric, direction, left, right)]
  })
}

function measuredOf({ unit, samples }: UnitSide, { benchmark, point }: Placed): (metric: string) => Measured | null {
  const { batch, shape } = point
  const taken = samples?.at({ unit: unit.id, benchmark, batch, shape }) ?? null
  return metric => {
    const median = point.metrics[metric]?.median
    return median === undefined ? null : { median, samples: taken?.get(metric) ?? null }
  }
}

function compareFigures(a: BenchmarkPoint['figures'], b: BenchmarkPoint['figures']): FigureComparison[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .map(figure => ({ figure, a: a[figure] ?? null, b: b[figure] ?? null }))
    .filter(({ a, b }) => a !== null || b !== null)
}
