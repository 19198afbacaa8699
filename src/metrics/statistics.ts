import { bootstrapMedians, type Interval, intervalOf, randomFrom } from './bootstrap.ts'
import { mannWhitneyU } from './mann-whitney.ts'
import { percentile, sortSamples } from './percentile.ts'

/** Samples in figures, in the samples' unit. A percentile is null where the samples are too few to show it. */
export interface Summary {
  count: number
  median: number
  /** The median again, for tables of percentiles. */
  p50: number
  /** Null below 10 samples: a tail of 1 in n needs n samples to hold one of it. */
  p90: number | null
  /** Null below 20 samples. */
  p95: number | null
  /** Null below 100 samples. */
  p99: number | null
  min: number
  max: number
  mean: number
  /** 95 % bootstrap interval of the median. */
  medianInterval: Interval
}

/**
 * Describes samples; null if there are none.
 *
 * The order of the samples does not matter, and the same samples always give the same interval (`seed`).
 * Throws RangeError if a sample is not finite. Definitions: docs/metrics.md, "Timing".
 */
export function summarize(samples: ArrayLike<number>, seed = 1): Summary | null {
  const sorted = sortSamples(samples)
  const count = sorted.length
  if (count === 0) return null
  const median = percentile(sorted, 50)
  return {
    count,
    median,
    p50: median,
    p90: count < 10 ? null : percentile(sorted, 90),
    p95: count < 20 ? null : percentile(sorted, 95),
    p99: count < 100 ? null : percentile(sorted, 99),
    min: sorted[0] ?? Number.NaN,
    max: sorted[count - 1] ?? Number.NaN,
    mean: sorted.reduce((sum, sample) => sum + sample, 0) / count,
    medianInterval: intervalOf(bootstrapMedians(sorted, randomFrom(seed))),
  }
}

export interface RatioOfMedians {
  /** median(a) / median(b). */
  ratio: number
  /** 95 % bootstrap interval. */
  interval: Interval
}

/**
 * The ratio of two sets' medians with its bootstrap interval, each set resampled on its own.
 *
 * Samples positive (times, rates); throws RangeError if a set is empty or has a sample that is not finite or positive.
 */
export function bootstrapRatioOfMedians(a: ArrayLike<number>, b: ArrayLike<number>, seed = 1): RatioOfMedians {
  const [sortedA, sortedB] = [sortSamples(a), sortSamples(b)]
  if (!((sortedA[0] ?? 0) > 0 && (sortedB[0] ?? 0) > 0)) throw new RangeError('samples must be positive')
  const random = randomFrom(seed)
  const mediansA = bootstrapMedians(sortedA, random)
  const mediansB = bootstrapMedians(sortedB, random)
  return {
    ratio: percentile(sortedA, 50) / percentile(sortedB, 50),
    interval: intervalOf(mediansA.map((median, i) => median / (mediansB[i] ?? Number.NaN))),
  }
}

/**
 * Whether the times `a` are faster (lower) than the times `b`: the whole interval of the ratio of medians lies below 1
 * and the two-sided Mann-Whitney test has p < 0.05. Both, since either alone can be won by a shifted tail.
 *
 * Three samples against three never suffice (p is at least 0.1), four against four can. For rates swap the two.
 */
export function isFaster(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  return bootstrapRatioOfMedians(a, b).interval[1] < 1 && mannWhitneyU(a, b).p < 0.05
}
