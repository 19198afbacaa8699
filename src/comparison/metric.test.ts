import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { randomFrom } from '../metrics/index.ts'
import { directionOf, loss } from './directions.ts'
import { drawn } from './fixtures.ts'
import { compareMetric } from './metric.ts'

const [TIME, RATE] = [directionOf('ttftMs'), directionOf('decodeTokensPerSecond')]
if (TIME === null || RATE === null) throw new Error('the table lacks what it is tested by')
const direction = { time: TIME, rate: RATE }

const measured = (samples: readonly number[]) => ({
  median: samples.toSorted((a, b) => a - b)[samples.length >> 1] ?? 0,
  samples,
})
const compared = (a: readonly number[], b: readonly number[], kind: 'time' | 'rate' = 'time') =>
  compareMetric(kind === 'time' ? 'ttftMs' : 'decodeTokensPerSecond', direction[kind], measured(a), measured(b))

const samples = fc.array(fc.double({ min: 0.01, max: 1000, noNaN: true }), { minLength: 1, maxLength: 30 })

describe('laws', () => {
  test('a set against itself shows nothing', () => {
    fc.assert(
      fc.property(samples, fc.constantFrom('time' as const, 'rate' as const), (a, kind) => {
        expect(compared(a, a, kind)).toMatchObject({ change: 'not-shown', ratio: 1, p: 1 })
      }),
      { numRuns: 60, seed: 1 },
    )
  })

  test('b against a is a against b, turned over', () => {
    const turned = {
      better: 'worse',
      worse: 'better',
      'not-shown': 'not-shown',
      'medians-alone': 'medians-alone',
    } as const
    fc.assert(
      fc.property(samples, samples, fc.double({ min: 0.5, max: 3, noNaN: true }), (a, other, factor) => {
        const b = other.map(value => value * factor)
        const [there, back] = [compared(a, b), compared(b, a)]
        expect(back.change).toBe(turned[there.change])
        expect(back.p).toBe(there.p)
        expect(back.ratio).toBeCloseTo(1 / (there.ratio ?? Number.NaN), 9)
        expect(back.interval?.[0]).toBeCloseTo(1 / (there.interval?.[1] ?? Number.NaN), 9)
        expect(back.interval?.[1]).toBeCloseTo(1 / (there.interval?.[0] ?? Number.NaN), 9)
        expect(back.detectable ?? -1).toBeCloseTo(there.detectable ?? -1, 9)
      }),
      { numRuns: 60, seed: 2 },
    )
  })

  test('the order of the samples plays no part', () => {
    fc.assert(
      fc.property(samples, samples, (a, b) => {
        expect(compared(a.toReversed(), b)).toEqual(compared(a, b))
      }),
      { numRuns: 30, seed: 3 },
    )
  })
})

describe('which way is better', () => {
  const slow = Array.from({ length: 12 }, (_, i) => 11 + i / 100)
  const fast = slow.map(value => value / 1.1)

  test('a time that grows is worse, a rate that grows is better', () => {
    expect(compared(fast, slow, 'time').change).toBe('worse')
    expect(compared(slow, fast, 'time').change).toBe('better')
    expect(compared(fast, slow, 'rate').change).toBe('better')
    expect(compared(slow, fast, 'rate').change).toBe('worse')
  })

  test('a loss is a share of a: a time that doubles loses 100 %, a rate that halves 50 %', () => {
    expect(loss(direction.time, 2)).toBe(1)
    expect(loss(direction.rate, 0.5)).toBe(0.5)
    expect(loss(direction.time, 0.5)).toBe(-0.5)
    expect(loss(direction.rate, 2)).toBe(-1)
  })
})

/** How often each outcome comes, over seeds. */
function rateOf(
  change: 'worse' | 'better' | 'shown',
  trials: number,
  count: number,
  slower: number,
  spread: number,
): number {
  let hits = 0
  for (let seed = 1; seed <= trials; seed++) {
    const random = randomFrom(seed * 7919)
    const got = compared(drawn(100, spread, count, random), drawn(100 * slower, spread, count, random)).change
    if (change === 'shown' ? got === 'worse' || got === 'better' : got === change) hits++
  }
  return hits / trials
}

/** Two standard errors of a share of 0.8 that was counted in 300 trials. */
const SAMPLING_ERROR = 2 * Math.sqrt((0.8 * 0.2) / 300)

describe('samples of one law', { timeout: 120_000 }, () => {
  test.each([
    [5, 0.05],
    [8, 0.02],
    [20, 0.1],
  ])('%i on each side, of spread %f, differ by chance in fewer than 5 of 100 comparisons', (count, spread) => {
    expect(rateOf('shown', 300, count, 1, spread)).toBeLessThan(0.05)
  })

  test('shuffled between the sides differ by chance in fewer than 5 of 100, where the two are mixed of a fast and a slow mode', () => {
    const random = randomFrom(11)
    const pool = [...drawn(100, 0.02, 20, random), ...drawn(140, 0.02, 20, random)]
    let hits = 0
    for (let trial = 0; trial < 400; trial++) {
      const mixed = pool.map(value => ({ value, key: random() })).sort((a, b) => a.key - b.key)
      const values = mixed.map(({ value }) => value)
      const { change } = compared(values.slice(0, 20), values.slice(20))
      if (change !== 'not-shown') hits++
    }
    expect(hits / 400).toBeLessThan(0.05)
  })

  test.each([
    [4, 0.02],
    [5, 0.02],
    [8, 0.02],
    [20, 0.02],
    [20, 0.1],
    [40, 0.05],
  ])('%i samples of spread %f show a slowdown of the stated size in 80 of 100 comparisons', (count, spread) => {
    const stated = Array.from({ length: 40 }, (_, seed) => {
      const random = randomFrom(1 + seed)
      return compared(drawn(100, spread, count, random), drawn(100, spread, count, random)).detectable ?? Number.NaN
    }).toSorted((a, b) => a - b)
    const slower = 1 + (stated[20] ?? Number.NaN)
    expect(rateOf('worse', 300, count, slower, spread)).toBeGreaterThan(0.8 - SAMPLING_ERROR)
  })

  test('a slowdown of a tenth of it is hardly ever shown, and is not called faster', () => {
    expect(rateOf('worse', 200, 20, 1.002, 0.05)).toBeLessThan(0.1)
    expect(rateOf('better', 200, 20, 1.02, 0.02)).toBe(0)
  })
})

test('tails that moved around one median are no difference, though Mann-Whitney sees one', () => {
  const many = (count: number, from: number) => Array.from({ length: count }, (_, i) => from + i / 1000)
  const at = (count: number) => Array.from({ length: count }, () => 100)
  const [a, b] = [
    [...many(16, 90), ...at(10), ...many(14, 100.2)],
    [...many(14, 99.8), ...at(10), ...many(16, 110)],
  ]
  const comparison = compared(a, b)
  expect(comparison.p).toBeLessThan(0.05)
  expect(comparison).toMatchObject({ ratio: 1, change: 'not-shown' })
})

describe('what cannot be told', () => {
  test('three against three show nothing, however far apart', () => {
    expect(compared([1, 1.1, 1.2], [10, 11, 12])).toMatchObject({ change: 'not-shown', detectable: null, p: 0.1 })
    expect(compared([1, 1.1, 1.2, 1.3], [10, 11, 12, 13])).toMatchObject({ change: 'worse' })
  })

  test('without samples on a side there are medians alone', () => {
    const bare = { median: 10, samples: null }
    const full = { median: 12, samples: [12, 12, 12, 12, 12] }
    for (const [a, b] of [
      [bare, full],
      [full, bare],
    ] as const)
      expect(compareMetric('ttftMs', direction.time, a, b)).toMatchObject({
        ...{ change: 'medians-alone', interval: null, p: null, samples: null, detectable: null },
        ratio: b.median / a.median,
      })
  })

  test('samples that have no ratio are not compared as if they had', () => {
    for (const broken of [[0, 1, 2, 3], [-1, 1, 2, 3], []])
      expect(
        compareMetric('ttftMs', direction.time, { median: 1, samples: broken }, measured([1, 2, 3, 4])).change,
      ).toBe('medians-alone')
    expect(
      compareMetric('ttftMs', direction.time, { median: 0, samples: null }, { median: 1, samples: null }).ratio,
    ).toBeNull()
  })
})
