import fc from 'fast-check'
import { expect, test } from 'vitest'
import { halfToFloat, selectTopTwo } from './select.ts'

function topTwo(values: number[]) {
  const top = { bestId: -1, best: 0, secondId: -1, second: 0 }
  // Neighbours that must not be looked at.
  const padded = Float32Array.of(Infinity, ...values, Infinity)
  selectTopTwo(padded, 1, values.length, top)
  return top
}

test('the two best are those of a stable sort by falling value', () => {
  const value = fc.oneof(fc.constantFrom(-1, 0, 1, -Infinity, Infinity), fc.float({ noNaN: true }))
  fc.assert(
    fc.property(fc.array(value, { minLength: 2 }), values => {
      const [first, second] = values
        .map((value, id) => ({ value: Math.fround(value), id }))
        .toSorted((a, b) => (a.value === b.value ? a.id - b.id : b.value - a.value))
      const top = topTwo(values)
      expect([top.bestId, top.secondId]).toEqual([first?.id, second?.id])
      expect([top.best, top.second]).toEqual([values[top.bestId], values[top.secondId]].map(v => Math.fround(v ?? NaN)))
    }),
  )
})

test('NaN is the best, as in NumPy and torch, and the lowest of several', () => {
  expect(topTwo([1, NaN, 5, NaN])).toEqual({ bestId: 1, best: NaN, secondId: 2, second: 5 })
  expect(topTwo([NaN, 7])).toEqual({ bestId: 0, best: NaN, secondId: 1, second: 7 })
})

test('a vocabulary of one has one choice', () => {
  expect(topTwo([4])).toMatchObject({ bestId: 0, best: 4, secondId: 0 })
})

test('every fp16 bit pattern has the value that a Float16Array reads', () => {
  const bits = Uint16Array.from({ length: 65536 }, (_, i) => i)
  expect(halfToFloat(bits)).toEqual(Float32Array.from(new Float16Array(bits.buffer)))
})
