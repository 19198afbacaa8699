import { describe, expect, test } from 'vitest'
import { RELATIVE_ERROR } from '../../../checks/defaults.ts'
import { type NamedTensors, tensorOf } from '../../../tensor.ts'
import { disagreements } from './agreement.ts'

const logits = (...rows: number[][]): NamedTensors => ({
  logits: tensorOf([rows.length, rows[0]?.length ?? 0], Float32Array.from(rows.flat())),
})
const boxes = (values: number[]): NamedTensors => ({
  pred_boxes: tensorOf([1, values.length / 4, 4], Float32Array.from(values)),
})
const CLEAR = [9, 1, -2, 0.5]
const wrong = (reference: NamedTensors, device: NamedTensors, rows: number, precision: 'fp32' | 'bf16' = 'fp32') => [
  ...disagreements(reference, device, rows, precision),
]

test('the same outputs agree, in any precision', () => {
  expect(wrong(logits(CLEAR, CLEAR), logits(CLEAR, CLEAR), 2)).toEqual([])
  expect(wrong({ ...boxes([1, 2, 3, 4]), ...logits(CLEAR) }, { ...boxes([1, 2, 3, 4]), ...logits(CLEAR) }, 1)).toEqual(
    [],
  )
})

describe('logits', () => {
  test('are judged row by row, and the row that is off is named', () => {
    const off = CLEAR.map(value => value * 1.01)
    expect(wrong(logits(CLEAR, CLEAR, CLEAR), logits(CLEAR, off, CLEAR), 3)).toEqual([
      [1, expect.stringMatching(/^logits: relative L2 error 0\.0100, at most 0\.0005$/)],
    ])
    expect(wrong(logits(CLEAR, CLEAR), logits(CLEAR, off), 2, 'bf16')).toEqual([])
  })

  test('may choose another class within the precision’s noise, and not beyond it', () => {
    // Rows of RMS 5 when centred: in bf16 noise is 2 * 0.08 * 5 = 0.8.
    const row = (lead: number) => [5 + lead, 5, -5, -5]
    const other = (lead: number) => [5, 5 + lead, -5, -5]
    const noise = 2 * RELATIVE_ERROR.bf16.limit * 5
    expect(wrong(logits(row(noise * 0.9)), logits(other(noise * 0.9)), 1, 'bf16')).toEqual([])
    const [[at, why] = []] = wrong(logits(row(noise * 1.3)), logits(other(noise * 1.3)), 1, 'bf16')
    expect([at, why]).toEqual([
      0,
      expect.stringMatching(/^logits: class 1 is chosen, 1\.04 below the reference's best/),
    ])
  })

  test('that are not finite are wrong, though the rest is right', () => {
    const [[, why] = []] = wrong(logits(CLEAR), logits([9, 1, Number.NaN, 0.5]), 1)
    expect(why).toBe('logits: element 2 is NaN')
  })
})

test('another output is held against the limit of the whole', () => {
  const right = [10, 20, 30, 40]
  const off = (share: number) => boxes(right.map(value => value * (1 + share)))
  expect(wrong(boxes(right), off(0.9e-4), 1)).toEqual([])
  expect(wrong(boxes(right), off(1.1e-4), 1)).toEqual([[0, expect.stringMatching(/^pred_boxes: relative L2 error/)]])
})

describe('an output of another form is wrong', () => {
  test.each<[string, NamedTensors, RegExp]>([
    ['missing', {}, /^logits is missing, the reference's f32 \[1, 4\]$/],
    ['of another shape', logits([9, 1, -2]), /^logits is f32 \[1, 3\]/],
    ['of another type', { logits: tensorOf([1, 4], Float64Array.from(CLEAR)) }, /^logits is f64 \[1, 4\]/],
  ])('%s', (_, device, why) => expect(wrong(logits(CLEAR), device, 1)).toEqual([[0, expect.stringMatching(why)]]))

  test('of other whole numbers', () => {
    const labels = (value: bigint) => ({ labels: tensorOf([1], BigInt64Array.of(value)) })
    expect(wrong(labels(3n), labels(3n), 1)).toEqual([])
    expect(wrong(labels(3n), labels(4n), 1)).toEqual([[0, 'labels holds other numbers']])
  })
})
