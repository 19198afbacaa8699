import fc from 'fast-check'
import { expect, test } from 'vitest'
import { randomFrom } from './bootstrap.ts'
import { hasTrend, saturationPoint } from './steadiness.ts'

test('samples that fall or rise all the way have a trend, level ones have none', () => {
  expect(hasTrend([20, 18, 16, 15, 14, 13, 12, 11])).toBe(true)
  expect(hasTrend([10, 10.2, 10.4, 10.6, 10.8, 11, 11.2, 11.4])).toBe(true)
  expect(hasTrend([10, 10.1, 9.9, 10, 10.05, 9.95, 10, 10.02])).toBe(false)
})

test('only the newest eight count, and fewer cannot tell', () => {
  expect(hasTrend([90, 80, 70, 10, 10, 10, 10, 10, 10, 10, 10])).toBe(false)
  expect(hasTrend([10, 10, 10, 10, 10, 10, 10])).toBe(true)
})

test('one slow sample is no trend, and an orderly drift of a thousandth is none', () => {
  expect(hasTrend([50, 10, 10.1, 9.9, 10, 10.1, 9.9, 10])).toBe(false)
  expect(hasTrend([10.007, 10.006, 10.005, 10.004, 10.003, 10.002, 10.001, 10])).toBe(false)
})

test('noise has a trend in about 3 of 100 looks', () => {
  const random = randomFrom(11)
  let trends = 0
  for (let i = 0; i < 4000; i++) trends += hasTrend(Array.from({ length: 8 }, () => 10 + random())) ? 1 : 0
  expect(trends / 4000).toBeGreaterThan(0.02)
  expect(trends / 4000).toBeLessThan(0.042)
})

const points = (...pairs: [number, number][]) => pairs.map(([batch, throughput]) => ({ batch, throughput }))

test('throughput saturates at the smallest batch from which no larger one gains a tenth for each doubling', () => {
  expect(saturationPoint(points([1, 100], [2, 190], [4, 350], [8, 400], [16, 410], [32, 405]))).toBe(8)
  expect(saturationPoint(points([32, 405], [1, 100], [16, 410], [8, 400], [2, 190], [4, 350]))).toBe(8)
  expect(saturationPoint(points([1, 100], [2, 109.9]))).toBe(1)
  expect(saturationPoint(points([1, 100], [2, 110]))).toBeNull()
  expect(saturationPoint(points([1, 100], [2, 104]), 0.01)).toBeNull()
})

test('doublings that were not measured are counted: from 1 to 8 there are three', () => {
  expect(saturationPoint(points([1, 100], [8, 133]))).toBe(1) // 1.1 ** 3 = 1.331
  expect(saturationPoint(points([1, 100], [8, 133.2]))).toBeNull()
})

test('throughput that still grows at the largest batch has no saturation point, nor has a single one', () => {
  expect(saturationPoint(points([1, 100], [2, 200], [4, 400]))).toBeNull()
  expect(saturationPoint(points([1, 100]))).toBeNull()
  expect(saturationPoint([])).toBeNull()
})

/** A step that takes `fixed` (reading the weights) and `each` for every row: throughput = batch / (fixed + batch each). */
const curve = (fixed: number, each: number, doublings: number) =>
  Array.from({ length: doublings + 1 }, (_, i) => ({ batch: 2 ** i, throughput: 2 ** i / (fixed + 2 ** i * each) }))

test('of a fixed cost and a cost for each row, throughput saturates where the rows cost 4.5 times the fixed one', () => {
  // 2 (fixed + b each) / (fixed + 2 b each) < 1.1 for b > 4.5 fixed / each.
  fc.assert(
    fc.property(fc.double({ min: 0.3, max: 50, noNaN: true }), ratio => {
      const knee = 2 ** Math.max(0, Math.floor(Math.log2(4.5 * ratio)) + 1)
      expect(saturationPoint(curve(ratio, 1, 12))).toBe(knee)
    }),
  )
})

test('noise of two per cent moves the saturation point by one doubling at most', () => {
  const random = randomFrom(5)
  for (let i = 0; i < 500; i++) {
    const noisy = curve(4, 1, 10).map(point => ({ ...point, throughput: point.throughput * (0.98 + 0.04 * random()) }))
    expect([16, 32, 64]).toContain(saturationPoint(noisy)) // 4.5 x 4 = 18: 32 without noise
  }
})

test('a dip is no saturation, and throughput that falls saturates where it is highest', () => {
  expect(saturationPoint(points([1, 100], [2, 90], [4, 200], [8, 200]))).toBe(4)
  expect(saturationPoint(points([1, 100], [2, 80], [4, 60]))).toBe(1)
})

test('scaling all throughputs does not move the point', () => {
  const throughputs = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(throughputs, throughputs => {
      const measured = throughputs.map((throughput, i) => ({ batch: 2 ** i, throughput }))
      const scaled = measured.map(({ batch, throughput }) => ({ batch, throughput: 8 * throughput }))
      expect(saturationPoint(scaled)).toBe(saturationPoint(measured))
    }),
  )
})
