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

test('throughput saturates at the smallest batch that none larger beats by the gain', () => {
  expect(saturationPoint(points([1, 100], [2, 190], [4, 350], [8, 400], [16, 410], [32, 405]))).toBe(8)
  expect(saturationPoint(points([32, 405], [1, 100], [16, 410], [8, 400], [2, 190], [4, 350]))).toBe(8)
  expect(saturationPoint(points([1, 100], [2, 104]), 0.01)).toBeNull()
})

test('throughput that still grows at the largest batch has no saturation point, nor has a single one', () => {
  expect(saturationPoint(points([1, 100], [2, 200], [4, 400]))).toBeNull()
  expect(saturationPoint(points([1, 100]))).toBeNull()
  expect(saturationPoint([])).toBeNull()
})

test('growth that creeps is growth once it adds up, and a dip is no saturation', () => {
  expect(saturationPoint(points([1, 100], [2, 104], [4, 108], [8, 112]))).toBe(4)
  expect(saturationPoint(points([1, 100], [2, 90], [4, 200], [8, 200]))).toBe(4)
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
