import { array, assert, double, integer, property } from 'fast-check'
import { expect, test } from 'vitest'
import { decades, linear, logarithmic, roundTicks, thin, ticksFromZero } from './scale.ts'

test('a scale maps its ends to the ends of the axis and keeps the order between', () => {
  const x = logarithmic(1, 32, 0, 100)
  expect([1, 2, 4, 32].map(x)).toEqual([0, 20, 40, 100])
  expect(linear(0, 10, 200, 0)(2.5)).toBe(150)
  expect(Number.isFinite(linear(3, 3, 0, 1)(3))).toBe(true)
})

test('ticks begin at 0, reach the largest value by less than a step, and are few and evenly spaced', () =>
  assert(
    property(double({ min: 1e-9, max: 1e12, noNaN: true }), largest => {
      const ticks = ticksFromZero(largest)
      const step = (ticks[1] ?? 0) - (ticks[0] ?? 0)
      expect(ticks[0]).toBe(0)
      expect(ticks.at(-1)).toBeGreaterThanOrEqual(largest * (1 - 1e-8))
      expect((ticks.at(-1) ?? 0) - step).toBeLessThan(largest)
      expect(ticks.length).toBeGreaterThanOrEqual(2)
      expect(ticks.length).toBeLessThanOrEqual(6)
      for (const [index, tick] of ticks.entries())
        expect(tick).toBeCloseTo(index * step, 6 - Math.floor(Math.log10(largest)))
    }),
  ))

test('decades are few and reach the largest count', () =>
  assert(
    property(integer({ min: 0, max: 2 ** 50 }), largest => {
      const ticks = decades(largest)
      expect(ticks[0]).toBe(1)
      expect(ticks.at(-1)).toBeGreaterThanOrEqual(largest)
      expect(ticks.length).toBeLessThanOrEqual(7)
    }),
  ))

test('thinning keeps the first, the last and the order', () =>
  assert(
    property(array(integer(), { minLength: 1 }), integer({ min: 2, max: 9 }), (items, count) => {
      const thinned = thin([...items.keys()], count)
      expect(thinned.length).toBe(Math.min(count, items.length))
      expect(thinned[0]).toBe(0)
      expect(thinned.at(-1)).toBe(items.length - 1)
      expect(thinned).toEqual(thinned.toSorted((a, b) => a - b))
    }),
  ))

test('ticks of a logarithmic axis are round, hold every value between them, and waste less than a decade', () =>
  assert(
    property(
      double({ min: 1e-6, max: 1e9, noNaN: true }),
      double({ min: 1, max: 1e6, noNaN: true }),
      (least, ratio) => {
        const ticks = roundTicks(least, least * ratio)
        expect(ticks.length).toBeGreaterThanOrEqual(2)
        expect(ticks[0]).toBeLessThanOrEqual(least * (1 + 1e-9))
        expect(ticks[0]).toBeGreaterThan(least / 10.001)
        expect(ticks.at(-1)).toBeGreaterThanOrEqual(least * ratio * (1 - 1e-9))
        expect(ticks.at(-1)).toBeLessThan(least * ratio * 10.001)
        expect(ticks).toEqual(ticks.toSorted((a, b) => a - b))
        for (const tick of ticks) expect([1, 2, 5]).toContain(Number(tick.toExponential(9).split('e')[0]))
      },
    ),
  ))

test('a span of many decades has a tick for each of them alone', () => {
  expect(roundTicks(3, 4e6)).toEqual([1, 10, 100, 1000, 1e4, 1e5, 1e6, 1e7])
  expect(roundTicks(20, 250)).toEqual([20, 50, 100, 200, 500])
  expect(roundTicks(0, 0)).toEqual([1, 10])
})
