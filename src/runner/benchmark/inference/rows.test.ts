import fc from 'fast-check'
import { expect, test } from 'vitest'
import { tensorOf, toNumbers } from '../../../tensor.ts'
import { auditedRows, rowsOf } from './rows.ts'

test('the first and the last row are among those that are audited, each once and in order', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 65_536 }), batch => {
      const rows = auditedRows(batch)
      expect([rows[0], rows.at(-1), rows.length]).toEqual([0, batch - 1, Math.min(batch, 8)])
      expect(rows).toEqual([...new Set(rows)].sort((a, b) => a - b))
    }),
  )
})

test('rows are copied out of what has so many, and the rest stays as it is', () => {
  const scores = tensorOf([3, 2], Float32Array.of(0, 1, 10, 11, 20, 21))
  const count = tensorOf([1], BigInt64Array.of(7n))
  const kept = rowsOf({ scores, count }, 3, [0, 2])
  expect(kept['scores']?.shape).toEqual([2, 2])
  expect(kept['scores'] && toNumbers(kept['scores'])).toEqual([0, 1, 20, 21])
  expect(kept['count']).toBe(count)
  scores.bytes.fill(0)
  expect(kept['scores'] && toNumbers(kept['scores'])).toEqual([0, 1, 20, 21])
})

test('a batch of one stays whole, though an output has as many boxes as it has images', () => {
  const tensors = { boxes: tensorOf([1, 4], Float32Array.of(1, 2, 3, 4)) }
  expect(rowsOf(tensors, 1, [0])).toBe(tensors)
})
