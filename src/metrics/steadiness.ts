/** The newest samples that `hasTrend` looks at. */
export const TREND_WINDOW = 8

/** Of 28 pairs of 8 samples. Two-sided p = 0.031 for samples in random order (Kendall's S, exact). */
const TREND_SCORE = 18

/**
 * Whether the newest samples still drift: the rule that ends a warm-up.
 *
 * `samples` oldest first. Over the last 8, a drift is one that is both in order (Mann-Kendall: later minus earlier pairs
 * score at least 18 of 28, p = 0.031) and large enough to matter (Theil-Sen slope over the window at least
 * `minimumChange` of their median). One outlier is no trend, and noise is none at 97 of 100 looks. With fewer than 8
 * samples it cannot be told, and the answer is true. A warm-up needs a cap besides: a device may drift forever.
 * Source: H. B. Mann, "Nonparametric tests against trend", Econometrica 13, 1945; P. K. Sen, JASA 63, 1968.
 */
export function hasTrend(samples: ArrayLike<number>, minimumChange = 0.01): boolean {
  if (samples.length < TREND_WINDOW) return true
  const window = Array.from(samples).slice(-TREND_WINDOW)
  const slopes = window.flatMap((later, j) => window.slice(0, j).map((earlier, i) => (later - earlier) / (j - i)))
  const score = Math.abs(slopes.reduce((sum, slope) => sum + Math.sign(slope), 0))
  const change = Math.abs(medianOf(slopes)) * (TREND_WINDOW - 1)
  return score >= TREND_SCORE && change >= minimumChange * Math.abs(medianOf(window))
}

export interface ThroughputPoint {
  batch: number
  /** Any rate: tokens/s, images/s. */
  throughput: number
}

/** Growth of throughput for a doubling of the batch below which it has stopped. */
const LEAST_GAIN = 0.1

/**
 * The batch size from which more of it gives no more throughput: the smallest batch from which no larger one gains `leastGain` or
 * more for each doubling that lies between. Null if throughput still grows at the largest batch, or nothing larger was measured.
 *
 * Points in any order. Every larger batch is looked at, so that a dip between two points, or one lucky point, moves it little.
 */
export function saturationPoint(points: readonly ThroughputPoint[], leastGain = LEAST_GAIN): number | null {
  const sorted = points.toSorted((a, b) => a.batch - b.batch)
  const largest = sorted.at(-1)?.batch
  const growing = (from: ThroughputPoint, to: ThroughputPoint) =>
    to.throughput / from.throughput >= (1 + leastGain) ** Math.log2(to.batch / from.batch)
  const saturated = sorted.find(point => !sorted.some(other => other.batch > point.batch && growing(point, other)))
  return saturated === undefined || saturated.batch === largest ? null : saturated.batch
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return ((sorted[(sorted.length - 1) >> 1] ?? Number.NaN) + (sorted[sorted.length >> 1] ?? Number.NaN)) / 2
}
