import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mcnemarExact } from './mcnemar.ts'

test('it has its closed forms', () => {
  // All n in one direction: 2 (1/2)^n.
  expect(mcnemarExact(5, 0)).toBeCloseTo(2 / 32, 15)
  expect(mcnemarExact(0, 6)).toBeCloseTo(2 / 64, 15)
  // 1 of 4: 2 (1 + 4) / 16.
  expect(mcnemarExact(1, 3)).toBeCloseTo(10 / 16, 15)
  expect(mcnemarExact(0, 0)).toBe(1)
  expect(mcnemarExact(7, 7)).toBe(1)
})

test("SciPy's exact binomial test gives the same", () => {
  // scipy.stats.binomtest(lost, lost + gained).pvalue, SciPy 1.17.
  expect(mcnemarExact(12, 3) / 0.03515625).toBeCloseTo(1, 12)
  expect(mcnemarExact(40, 62) / 0.037066767438560584).toBeCloseTo(1, 12)
  expect(mcnemarExact(700, 800) / 0.010559255466711506).toBeCloseTo(1, 10)
})

test('neither way is favoured, and more in one direction is never less surprising', () => {
  const count = fc.nat(2000)
  fc.assert(
    fc.property(count, count, (a, b) => {
      const p = mcnemarExact(a, b)
      expect(p).toBe(mcnemarExact(b, a))
      expect(p).toBeGreaterThanOrEqual(0)
      expect(p).toBeLessThanOrEqual(1)
      const [more, less] = [Math.max(a, b), Math.min(a, b)]
      expect(mcnemarExact(more + 1, less)).toBeLessThanOrEqual(p)
    }),
  )
})
