/**
 * The p-th percentile of samples sorted ascending, by linear interpolation between ranks.
 *
 * `p` from 0 to 100. The same as NumPy's default (type 7 of Hyndman & Fan, "Sample quantiles in statistical packages",
 * The American Statistician 50(4), 1996). Throws RangeError if there are no samples or p is out of range.
 */
export function percentile(sorted: ArrayLike<number>, p: number): number {
  if (sorted.length === 0) throw new RangeError('no samples')
  if (!(p >= 0 && p <= 100)) throw new RangeError(`percentile ${p} is not between 0 and 100`)
  const rank = (p / 100) * (sorted.length - 1)
  const below = Math.floor(rank)
  const low = sorted[below] ?? Number.NaN
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? Number.NaN
  return low + (high - low) * (rank - below)
}

/** A sorted copy, ascending. Throws RangeError if a sample is not a finite number. */
export function sortSamples(samples: ArrayLike<number>): Float64Array {
  const sorted = Float64Array.from(samples).sort()
  for (const sample of sorted) {
    if (!Number.isFinite(sample)) throw new RangeError(`a sample is ${sample}`)
  }
  return sorted
}
