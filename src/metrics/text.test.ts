import { expect, test } from 'vitest'
import { bitsPerByte, firstDifference, perplexity } from './text.ts'

test('a model that finds k tokens equally likely has perplexity k', () => {
  expect(perplexity(12 * Math.log(50), 12)).toBeCloseTo(50, 10)
  expect(perplexity(0, 3)).toBe(1)
})

test('a model that finds all bytes equally likely needs 8 bits a byte, whatever its tokens', () => {
  expect(bitsPerByte(100 * Math.log(256), 100)).toBeCloseTo(8, 12)
  expect(bitsPerByte(50 * Math.log(256 ** 2), 100)).toBeCloseTo(8, 12)
})

test('over nothing neither is defined', () => {
  expect(() => perplexity(1, 0)).toThrow(RangeError)
  expect(() => bitsPerByte(1, 0)).toThrow(RangeError)
  expect(() => perplexity(1, Number.NaN)).toThrow(RangeError)
})

test('the first difference is the first token that differs, or the end of the shorter', () => {
  expect(firstDifference([1, 2, 3], [1, 2, 3])).toBe(-1)
  expect(firstDifference([1, 2, 3], [1, 9, 9])).toBe(1)
  expect(firstDifference([1, 2], [1, 2, 3])).toBe(2)
  expect(firstDifference([], [7])).toBe(0)
  expect(firstDifference([], Int32Array.of())).toBe(-1)
})
