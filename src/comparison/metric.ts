/** One metric on both sides: the ratio of the medians with its interval, and whether the samples show a difference at all. */
import { bootstrapRatioOfMedians, mannWhitneyU, percentile } from '../metrics/index.ts'
import { type Direction, loss } from './directions.ts'
import type { MetricComparison } from './document.ts'

/** A metric of one side. Samples are null where only a result document is at hand. */
export interface Measured {
  readonly median: number
  readonly samples: readonly number[] | null
}

/** The significance of every statement, two-sided; docs/metrics.md. */
const ALPHA = 0.05

/**
 * By how many halves of the interval two medians must be apart to be told apart in 80 of 100 comparisons. The standard normal
 * quantiles give (1.96 + 0.84) / 1.96 = 1.43 for the interval alone; that Mann-Whitney must agree costs a little more, and where
 * five against five are not there it demands that no two samples overlap. The tests hold both to their power.
 */
const HALVES = 1.5
const HALVES_OF_FEW = 2.05
const FEW = 5

/**
 * Compares b with a. "Better" and "worse" need both: the interval of the ratio excludes 1, and Mann-Whitney's p is below 0.05.
 * Comparing a with b gives the same intervals, turned over.
 */
export function compareMetric(metric: string, direction: Direction, a: Measured, b: Measured): MetricComparison {
  const [ours, theirs] = [positive(a.samples), positive(b.samples)]
  const common = { metric, better: direction.better }
  if (ours === null || theirs === null)
    return {
      ...common,
      ...{ a: a.median, b: b.median, ratio: a.median > 0 && b.median > 0 ? b.median / a.median : null },
      ...{ interval: null, p: null, samples: null, detectable: null, change: 'medians-alone' },
    }
  const { ratio, interval } = ratioOfMedians(ours, theirs)
  const { p } = mannWhitneyU(ours, theirs)
  const isShown = (interval[0] > 1 || interval[1] < 1) && p < ALPHA
  const isWorse = loss(direction, ratio) > 0
  return {
    ...common,
    // The medians of what is compared: those of a summary may pool more, as every gap between tokens.
    ...{
      a: medianOf(ours),
      b: medianOf(theirs),
      ratio,
      interval: [...interval],
      p,
      samples: { a: ours.length, b: theirs.length },
    },
    detectable: canShowAny(ours.length, theirs.length)
      ? detectable(interval, Math.min(ours.length, theirs.length))
      : null,
    change: !isShown ? 'not-shown' : isWorse ? 'worse' : 'better',
  }
}

function medianOf(samples: readonly number[]): number {
  return percentile(
    samples.toSorted((one, two) => one - two),
    50,
  )
}

/** Null where there are none, or one is no positive number: a ratio needs those. */
function positive(samples: readonly number[] | null): readonly number[] | null {
  return samples !== null && samples.length > 0 && samples.every(sample => sample > 0 && Number.isFinite(sample))
    ? samples
    : null
}

/** b over a. The sets are drawn from in one order, whichever is a, so that either way gives the same resamples. */
function ratioOfMedians(a: readonly number[], b: readonly number[]) {
  if (precedes(b, a)) return bootstrapRatioOfMedians(b, a)
  const { ratio, interval } = bootstrapRatioOfMedians(a, b)
  return { ratio: 1 / ratio, interval: [1 / interval[1], 1 / interval[0]] as const }
}

function precedes(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return a.length < b.length
  const [x, y] = [a.toSorted((one, two) => one - two), b.toSorted((one, two) => one - two)]
  const at = x.findIndex((value, i) => value !== y[i])
  return at >= 0 && (x[at] ?? 0) < (y[at] ?? 0)
}

/** The difference, as a share, that samples of this spread would have shown with a power of 80 %. */
function detectable([low, high]: readonly [number, number], fewest: number): number {
  const half = Math.log(high / low) / 2
  return Math.expm1((fewest < FEW ? HALVES_OF_FEW : HALVES) * half)
}

/** Whether so many samples can give a p below 0.05 at all: three against three cannot, even where no two overlap. */
function canShowAny(a: number, b: number): boolean {
  const apart = mannWhitneyU(
    Array.from({ length: a }, (_, i) => i),
    Array.from({ length: b }, (_, i) => a + i),
  )
  return apart.p < ALPHA
}
