import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bestAssignment } from './assignment.ts'

test('the best total is chosen, not the best single value', () => {
  // Greedy would take 10 and be left with 0.
  const values = [
    [10, 9],
    [9, 0],
  ]
  expect(bestAssignment(values)).toEqual([1, 0])
})

test('a row more than there are columns goes without, and so does a column', () => {
  expect(bestAssignment([[1], [3], [2]])).toEqual([-1, 0, -1])
  expect(bestAssignment([[1, 3, 2]])).toEqual([1])
  expect(bestAssignment([])).toEqual([])
  expect(bestAssignment([[], []])).toEqual([-1, -1])
})

test('no assignment of a small matrix has a larger total', () => {
  const matrix = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })).chain(([rows, columns]) =>
    fc.array(fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: columns, maxLength: columns }), {
      minLength: rows,
      maxLength: rows,
    }),
  )
  fc.assert(
    fc.property(matrix, values => {
      const chosen = bestAssignment(values)
      const taken = chosen.filter(column => column >= 0)
      expect(new Set(taken).size).toBe(taken.length)
      expect(taken.length).toBe(Math.min(values.length, values[0]?.length ?? 0))
      const total = chosen.reduce((sum, column, row) => sum + (values[row]?.[column] ?? 0), 0)
      expect(total).toBeCloseTo(bestByTrying(values, 0, new Set()), 12)
    }),
  )
})

/** Every way of giving the rows from `row` on a free column, or none where columns are too few. */
function bestByTrying(values: readonly (readonly number[])[], row: number, taken: ReadonlySet<number>): number {
  const columns = values[0]?.length ?? 0
  if (row === values.length) return 0
  const free = [...Array(columns).keys()].filter(column => !taken.has(column))
  const choices = free.map(
    column => (values[row]?.[column] ?? 0) + bestByTrying(values, row + 1, new Set([...taken, column])),
  )
  const maySkip = values.length - row > free.length
  return Math.max(...choices, maySkip ? bestByTrying(values, row + 1, taken) : Number.NEGATIVE_INFINITY)
}
