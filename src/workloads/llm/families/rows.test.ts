import { expect, test } from 'vitest'
import { tensorOf, toFloat32 } from '../../../tensor.ts'
import { joined, positionsOf, rowOf } from './rows.ts'

/** [2, 3, 2]: row, position and token are the digits. */
const LOGITS = tensorOf([2, 3, 2], Float32Array.of(0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121))

test('positions of a row are those asked for, in their order', () => {
  const kept = positionsOf(LOGITS, { rows: 2, width: 3, row: 1 }, [2, 0])
  expect(kept?.shape).toEqual([1, 2, 2])
  expect(kept && Array.from(toFloat32(kept))).toEqual([120, 121, 100, 101])
  const row = rowOf(LOGITS, { rows: 2, width: 3, row: 0 })
  expect(row && Array.from(toFloat32(row))).toEqual([0, 1, 10, 11, 20, 21])
})

test('a tensor of another form stays as it is, and what is missing is missing', () => {
  const wrong = [
    { ...LOGITS, shape: [3, 2, 2] },
    { ...LOGITS, shape: [6, 2] },
    { ...LOGITS, shape: [1, 3, 4] },
    { ...LOGITS, bytes: LOGITS.bytes.subarray(4) },
  ]
  for (const tensor of wrong) expect(positionsOf(tensor, { rows: 2, width: 3 }, [0])).toBe(tensor)
  expect(positionsOf(LOGITS, { rows: 2, width: 4 }, [0])).toBe(LOGITS)
  expect(positionsOf(undefined, { rows: 2, width: 3 }, [0])).toBeUndefined()
})

test('single positions are joined only where all are there and alike', () => {
  const one = (value: number) => tensorOf([1, 1, 2], Float32Array.of(value, value))
  const both = joined([one(1), one(2)])
  expect(both?.shape).toEqual([1, 2, 2])
  expect(both && Array.from(toFloat32(both))).toEqual([1, 1, 2, 2])
  expect(joined([one(1), undefined])).toBeUndefined()
  expect(joined([one(1), tensorOf([1, 1, 1], Float32Array.of(1))])).toBeUndefined()
  expect(joined([one(1), tensorOf([1, 1, 1], Float64Array.of(1))])).toBeUndefined()
  expect(joined([])).toBeUndefined()
})
