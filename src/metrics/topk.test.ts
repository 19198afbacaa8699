import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TopK, topTwo } from './topk.ts'

const logit = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(-Infinity, Infinity, Number.NaN))

test('the k largest are those of a stable sort, NaN left out', () => {
  fc.assert(
    fc.property(fc.array(logit, { maxLength: 20 }), fc.integer({ min: 1, max: 6 }), (row, k) => {
      const top = new TopK(k)
      top.select(Float32Array.from([9, ...row, 9]), 1, row.length + 1)
      const sorted = Array.from(row.keys())
        .filter(token => !Number.isNaN(row[token]))
        .sort((a, b) => Math.sign((row[b] ?? 0) - (row[a] ?? 0) || 0) || a - b)
      const tokens = Array.from({ length: k }, (_, i) => sorted[i] ?? -1)
      expect(Array.from(top.tokens)).toEqual(tokens)
      expect(Array.from(top.logits)).toEqual(tokens.map(token => row[token] ?? -Infinity))
    }),
  )
})

test('a row has its top two, the lower token first among equals', () => {
  expect(topTwo(Float32Array.of(1, 5, 3, 5))).toEqual({ token: 1, logit: 5, runnerUp: 3, runnerUpLogit: 5 })
  expect(topTwo(Float32Array.of(4))).toEqual({ token: 0, logit: 4, runnerUp: -1, runnerUpLogit: -Infinity })
  expect(topTwo(Float32Array.of(Number.NaN)).token).toBe(-1)
})
