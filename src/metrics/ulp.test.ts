import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareUlp } from './ulp.ts'

const floats = (...values: number[]) => Float32Array.from(values)
const max = (r: number, d: number, precision: 'fp32' | 'fp16' | 'bf16') =>
  compareUlp(floats(r), floats(d), precision).max

test('neighbours of 1 are one unit away in each precision', () => {
  expect(max(1, 1 + 2 ** -23, 'fp32')).toBe(1)
  expect(max(1, 1 + 2 ** -10, 'fp16')).toBe(1)
  expect(max(1, 1 + 2 ** -7, 'bf16')).toBe(1)
  expect(max(1, 1 - 2 ** -24, 'fp32')).toBe(1) // the spacing halves below a power of two
  expect(max(1, 1 - 2 ** -11, 'fp16')).toBe(1)
  expect(max(1, 1 - 2 ** -8, 'bf16')).toBe(1)
})

test('distances cross zero, and both zeros are one number', () => {
  expect(max(0, -0, 'fp16')).toBe(0)
  expect(max(2 ** -149, -(2 ** -149), 'fp32')).toBe(2)
  expect(max(2 ** -24, -(2 ** -24), 'fp16')).toBe(2)
  expect(max(-1, 1, 'bf16')).toBe(2 * 0x3f80)
})

test('the reference is rounded to the precision first, ties to even', () => {
  expect(max(1 + 2 ** -12, 1, 'fp16')).toBe(0)
  expect(max(1 + 2 ** -8, 1, 'bf16')).toBe(0)
  expect(max(1 + 3 * 2 ** -8, 1 + 2 ** -6, 'bf16')).toBe(0)
})

test('infinity stands one step beyond the largest number of the precision', () => {
  expect(max(70_000, 65_504, 'fp16')).toBe(1)
  expect(max(70_000, 80_000, 'fp16')).toBe(0)
})

test('percentiles interpolate, the worst place is the first, and what is not finite is left out', () => {
  const reference = floats(Number.NaN, 1, 1, 1, 1)
  const device = floats(1, 1, 1 + 2 ** -10, 1 + 2 ** -8, Infinity)
  expect(compareUlp(reference, device, 'fp16')).toEqual({
    compared: 3,
    p50: 1,
    p99: 1 + 3 * 0.98,
    max: 4,
    worstIndex: 3,
  })
  const none = compareUlp(floats(), floats(), 'fp32')
  expect([none.compared, none.worstIndex]).toEqual([0, -1])
  expect([none.p50, none.p99, none.max]).toEqual([Number.NaN, Number.NaN, Number.NaN])
  expect(() => compareUlp(floats(1), floats(), 'fp32')).toThrow(RangeError)
})

describe.each(['fp32', 'fp16', 'bf16'] as const)('%s', precision => {
  test('is a distance: symmetric, zero for equals, and odd in sign', () => {
    const value = fc.float({ noNaN: true, noDefaultInfinity: true })
    fc.assert(
      fc.property(value, value, (a, b) => {
        expect(max(a, b, precision)).toBe(max(b, a, precision))
        expect(max(a, b, precision)).toBe(max(-a, -b, precision))
        expect(max(a, a, precision)).toBe(0)
      }),
    )
  })
})
