import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mannWhitneyU, normalTail } from './mann-whitney.ts'

test('the exact p is the share of all orders that are as far from the middle', () => {
  // 3 + 3 samples have 20 orders, and only one has U = 9: p = 2 / 20.
  expect(mannWhitneyU([4, 5, 6], [1, 2, 3])).toEqual({ u: 9, p: 0.1, method: 'exact' })
  expect(mannWhitneyU([1, 2, 3], [4, 5, 6])).toEqual({ u: 0, p: 0.1, method: 'exact' })
  // 4 + 4: 70 orders.
  expect(mannWhitneyU([1, 2, 3, 4], [5, 6, 7, 8]).p).toBeCloseTo(2 / 70, 15)
  expect(mannWhitneyU([1], [2])).toEqual({ u: 0, p: 1, method: 'exact' })
})

test('the exact p agrees with counting all orders one by one', () => {
  const orders = (m: number, n: number): number[] =>
    m === 0 || n === 0 ? [0] : [...orders(m - 1, n).map(u => u + n), ...orders(m, n - 1)]
  for (const [m, n] of [
    [3, 5],
    [5, 5],
    [2, 9],
  ] as const) {
    const all = orders(m, n)
    const a = Array.from({ length: m }, (_, i) => 2 * i + 4.5)
    const b = Array.from({ length: n }, (_, i) => 2 * i)
    const { u, p } = mannWhitneyU(a, b)
    const farther = Math.max(u, m * n - u)
    expect(p).toBeCloseTo(Math.min(1, (2 * all.filter(other => other >= farther).length) / all.length), 12)
  }
})

test('ties are taken half, and corrected for', () => {
  // SciPy 1.17's mannwhitneyu of the same samples.
  const { u, p, method } = mannWhitneyU([1, 2, 2, 3, 5], [2, 3, 3, 4, 6, 7])
  expect([u, method]).toEqual([7, 'normal'])
  expect(p).toBeCloseTo(0.16304505585423734, 12)
  expect(mannWhitneyU([5, 5, 5], [5, 5]).p).toBe(1)
})

test('above eight samples the normal approximation is used, as in SciPy', () => {
  const a = Array.from({ length: 12 }, (_, i) => i + 1)
  const b = Array.from({ length: 15 }, (_, i) => i + 3.5)
  const { u, p, method } = mannWhitneyU(a, b)
  expect([u, method]).toEqual([45, 'normal'])
  expect(p).toBeCloseTo(0.02990263602980263, 12)
})

test('swapping the sets mirrors U and keeps p', () => {
  const samples = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 15 })
  fc.assert(
    fc.property(samples, samples, (a, b) => {
      const [one, other] = [mannWhitneyU(a, b), mannWhitneyU(b, a)]
      expect(one.u + other.u).toBe(a.length * b.length)
      expect(one.p).toBeCloseTo(other.p, 12)
      expect(one.p).toBeGreaterThanOrEqual(0)
      expect(one.p).toBeLessThanOrEqual(1)
    }),
  )
})

test('the normal tail has its tabulated values on both sides of the switch', () => {
  // scipy.stats.norm.sf
  expect(normalTail(0)).toBe(0.5)
  expect(normalTail(1.959963984540054)).toBeCloseTo(0.025, 15)
  expect(normalTail(3) / 1.3498980316300933e-3).toBeCloseTo(1, 12)
  expect(normalTail(3.0000001) / normalTail(2.9999999)).toBeCloseTo(1, 5)
  expect(normalTail(6) / 9.865876450376946e-10).toBeCloseTo(1, 12)
  expect(normalTail(-1) + normalTail(1)).toBeCloseTo(1, 15)
})

test('an empty set is refused', () => {
  expect(() => mannWhitneyU([], [1])).toThrow(RangeError)
})
