import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bootstrapMedians, intervalOf, randomFrom } from './bootstrap.ts'
import { percentile } from './percentile.ts'
import { bootstrapRatioOfMedians, isFaster, summarize } from './statistics.ts'

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1)

describe('percentile', () => {
  test('interpolates between ranks as NumPy does', () => {
    expect(percentile([1, 2, 3, 4], 50)).toBe(2.5)
    expect(percentile([10, 20, 30, 40, 50], 90)).toBeCloseTo(46, 12)
    expect(percentile([7], 99)).toBe(7)
    expect(percentile([1, 9], 0)).toBe(1)
    expect(percentile([1, 9], 100)).toBe(9)
  })

  test('of nothing, or outside 0 to 100, is refused', () => {
    expect(() => percentile([], 50)).toThrow(RangeError)
    expect(() => percentile([1], 101)).toThrow(RangeError)
  })

  test('lies between the samples and grows with p', () => {
    const samples = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1 })
    fc.assert(
      fc.property(samples, fc.double({ min: 0, max: 99, noNaN: true }), (samples, p) => {
        const sorted = samples.toSorted((a, b) => a - b)
        expect(percentile(sorted, p)).toBeGreaterThanOrEqual(percentile(sorted, 0))
        expect(percentile(sorted, p + 1)).toBeGreaterThanOrEqual(percentile(sorted, p) - 1e-6)
      }),
    )
  })
})

describe('summarize', () => {
  test('a percentile that the samples are too few for is null, never 0', () => {
    const fields = (count: number) => {
      const { p90, p95, p99 } = summarize(upTo(count)) ?? { p90: 0, p95: 0, p99: 0 }
      return [p90, p95, p99].map(value => value !== null)
    }
    expect(fields(9)).toEqual([false, false, false])
    expect(fields(10)).toEqual([true, false, false])
    expect(fields(19)).toEqual([true, false, false])
    expect(fields(20)).toEqual([true, true, false])
    expect(fields(99)).toEqual([true, true, false])
    expect(fields(100)).toEqual([true, true, true])
  })

  test('a case worked by hand, in any order', () => {
    const summary = summarize([30, 10, 20, 40])
    expect(summary).toMatchObject({ count: 4, median: 25, p50: 25, min: 10, max: 40, mean: 25 })
    expect(summary).toEqual(summarize([40, 30, 20, 10]))
    const hundred = summarize(upTo(100))
    expect(hundred?.p90).toBeCloseTo(90.1, 10)
    expect(hundred?.p95).toBeCloseTo(95.05, 10)
    expect(hundred?.p99).toBeCloseTo(99.01, 10)
  })

  test('no samples give no summary, and a sample that is not finite is refused', () => {
    expect(summarize([])).toBeNull()
    expect(() => summarize([1, Number.NaN])).toThrow(RangeError)
    expect(() => summarize([1, Infinity])).toThrow(RangeError)
  })
})

describe('bootstrap', () => {
  test('the interval of the median is that of the exact bootstrap law', () => {
    // Odd n: P(median of a resample <= x_(i)) = P(Binomial(n, i / n) >= (n + 1) / 2).
    const n = 51
    const below = (i: number) => {
      let term = (1 - i / n) ** n
      let cumulative = term
      for (let k = 0; k < (n - 1) / 2; k++) cumulative += term *= ((n - k) / (k + 1)) * (i / (n - i))
      return 1 - cumulative
    }
    const quantile = (q: number) => upTo(n - 1).find(i => below(i) >= q) ?? n
    const interval = summarize(upTo(n))?.medianInterval ?? [0, 0]
    expect(Math.abs(interval[0] - quantile(0.025))).toBeLessThanOrEqual(1)
    expect(Math.abs(interval[1] - quantile(0.975))).toBeLessThanOrEqual(1)
    expect(interval[0]).toBeLessThan(26)
    expect(interval[1]).toBeGreaterThan(26)
  })

  test('a median of two is their middle half of the time, and the interval leaves out 2.5 % on each side', () => {
    const medians = bootstrapMedians(Float64Array.of(1, 2), randomFrom(1))
    expect(medians.reduce((sum, median) => sum + median, 0) / medians.length).toBeCloseTo(1.5, 1)
    expect(medians.filter(median => median === 1.5).length / medians.length).toBeCloseTo(0.5, 1)
    expect(intervalOf(Float64Array.from({ length: 1001 }, (_, i) => i))).toEqual([25, 975])
  })

  test('redrawing and its limit agree where one gives way to the other', () => {
    const width = (count: number) => {
      const [low, high] = intervalOf(bootstrapMedians(Float64Array.from(upTo(count)), randomFrom(3)))
      return (high - low) / count
    }
    expect(width(1001) / width(1000)).toBeGreaterThan(0.93)
    expect(width(1001) / width(1000)).toBeLessThan(1.07)
    expect(width(1000)).toBeCloseTo(1.96 / Math.sqrt(1000), 2)
  })

  test('the same seed gives the same interval, another seed another', () => {
    const samples = Array.from({ length: 30 }, (_, i) => Math.sin(i) + 2)
    expect(summarize(samples, 5)).toEqual(summarize(samples, 5))
    const [a, b] = [randomFrom(1), randomFrom(2)]
    expect(a()).not.toBe(b())
  })

  test('the seeded numbers are spread evenly over [0, 1)', () => {
    const random = randomFrom(9)
    const bins = new Array<number>(10).fill(0)
    for (let i = 0; i < 10_000; i++) {
      const bin = Math.floor(random() * 10)
      bins[bin] = (bins[bin] ?? Number.NaN) + 1
    }
    for (const count of bins) expect(Math.abs(count - 1000)).toBeLessThan(150) // five standard deviations
  })

  test('the ratio of medians is scaled with the samples and its interval holds it', () => {
    const samples = Array.from({ length: 40 }, (_, i) => 10 + Math.sin(i * 7))
    const { ratio, interval } = bootstrapRatioOfMedians(
      samples.map(sample => 3 * sample),
      samples,
    )
    expect(ratio).toBeCloseTo(3, 12)
    expect(interval[0]).toBeLessThanOrEqual(ratio)
    expect(interval[1]).toBeGreaterThanOrEqual(ratio)
    expect(() => bootstrapRatioOfMedians([1], [0])).toThrow(RangeError)
    expect(() => bootstrapRatioOfMedians([], [1])).toThrow(RangeError)
  })
})

describe('isFaster', () => {
  const noisy = (centre: number, seed: number) => {
    const random = randomFrom(seed)
    return Array.from({ length: 30 }, () => centre * (1 + 0.1 * (random() - 0.5)))
  }

  test('a clear gain is faster, the reverse is not, and a set is not faster than itself', () => {
    expect(isFaster(noisy(90, 1), noisy(100, 2))).toBe(true)
    expect(isFaster(noisy(100, 2), noisy(90, 1))).toBe(false)
    expect(isFaster(noisy(100, 2), noisy(100, 2))).toBe(false)
  })

  test('three samples against three never suffice', () => {
    expect(isFaster([1, 1.1, 1.2], [10, 11, 12])).toBe(false)
    expect(isFaster([1, 1.1, 1.2, 1.3], [10, 11, 12, 13])).toBe(true)
  })

  test('a lower median alone is not enough where the sets overlap', () => {
    expect(isFaster([1, 1, 1, 50, 51, 52, 53], [2, 2, 2, 2, 2, 2, 2])).toBe(false)
  })
})
