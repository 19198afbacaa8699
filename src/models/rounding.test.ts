import { expect, test } from 'vitest'
import { halfToEven } from './rounding.ts'

test('half goes to the even number, on both sides of zero', () => {
  const values = [0.5, 1.5, 2.5, 3.5, -0.5, -1.5, -2.5, 2.4999, 2.5001, -7]
  expect(values.map(halfToEven)).toEqual([0, 2, 2, 4, -0, -2, -2, 2, 3, -7])
})
