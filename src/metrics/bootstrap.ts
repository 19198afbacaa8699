import { percentile } from './percentile.ts'

/** Lower and upper bound. */
export type Interval = readonly [low: number, high: number]

/** Numbers in [0, 1), the same sequence for the same seed. */
export type Random = () => number

/** A seeded generator: mulberry32 (T. Ettinger, public domain), 2^32 numbers long. */
export function randomFrom(seed: number): Random {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const RESAMPLES = 2000

/** Above this many samples the medians are drawn from the law that resampling tends to. */
const RESAMPLED_UP_TO = 1000

/**
 * Medians of samples redrawn with replacement (B. Efron, "Bootstrap methods", Annals of Statistics 7(1), 1979).
 *
 * `sorted` ascending. The rank of a resample's median has mean n/2 and standard deviation sqrt(n)/2 and tends to the
 * normal law; above 1000 samples it is drawn from that, which is within a rank or two and takes no time at all.
 * Throws RangeError if there are no samples.
 */
export function bootstrapMedians(sorted: Float64Array, random: Random): Float64Array {
  const count = sorted.length
  if (count === 0) throw new RangeError('no samples')
  const medians = new Float64Array(RESAMPLES)
  if (count > RESAMPLED_UP_TO) {
    for (let i = 0; i < RESAMPLES; i++) {
      const share = 0.5 + normal(random) / (2 * Math.sqrt(count))
      medians[i] = percentile(sorted, 100 * Math.min(1, Math.max(0, share)))
    }
    return medians
  }
  const drawn = new Uint32Array(count)
  for (let i = 0; i < RESAMPLES; i++) {
    drawn.fill(0)
    for (let j = 0; j < count; j++) {
      const at = Math.floor(random() * count)
      drawn[at] = (drawn[at] ?? 0) + 1
    }
    medians[i] = (sampleAt(sorted, drawn, (count - 1) >> 1) + sampleAt(sorted, drawn, count >> 1)) / 2
  }
  return medians
}

/** The middle 95 %. */
export function intervalOf(estimates: Float64Array): Interval {
  const sorted = estimates.slice().sort()
  return [percentile(sorted, 2.5), percentile(sorted, 97.5)]
}

/** The sample of a rank among `sorted` with each taken as often as it was drawn: no sorting for each resample. */
function sampleAt(sorted: Float64Array, drawn: Uint32Array, rank: number): number {
  let seen = 0
  for (let i = 0; i < sorted.length; i++) {
    seen += drawn[i] ?? 0
    if (seen > rank) return sorted[i] ?? Number.NaN
  }
  return Number.NaN
}

/** Box and Muller, "A note on the generation of random normal deviates", Annals of Mathematical Statistics 29, 1958. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}
