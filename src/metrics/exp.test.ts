import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FAST_EXP_RELATIVE_ERROR, fastExp } from './exp.ts'

const relativeError = (x: number) => Math.abs(fastExp(x) / Math.exp(x) - 1)

test('the relative error stays under its bound over the whole range of normal results', () => {
  let worst = 0
  for (let x = -708; x <= 709.78; x += 0.00137) worst = Math.max(worst, relativeError(x))
  expect(worst).toBeLessThan(FAST_EXP_RELATIVE_ERROR)
  expect(worst).toBeGreaterThan(1e-13) // else the bound says nothing
})

test('the bound holds where the step changes and at the ends', () => {
  for (let k = -2000; k <= 2000; k++) {
    for (const offset of [-1e-12, 0, 1e-12]) {
      const x = ((k + 0.5) * Math.LN2) / 1024 + offset
      expect(relativeError(x)).toBeLessThan(FAST_EXP_RELATIVE_ERROR)
    }
  }
  expect(relativeError(-708)).toBeLessThan(FAST_EXP_RELATIVE_ERROR)
  expect(relativeError(709.78)).toBeLessThan(FAST_EXP_RELATIVE_ERROR)
  expect(fastExp(0)).toBe(1)
})

test('below the range it stays at 3.3e-308, above it at 1.8e308, and NaN is NaN', () => {
  for (const x of [-708.5, -745, -1e30, -Infinity]) {
    expect(fastExp(x)).toBe(fastExp(-708))
    expect(Math.abs(fastExp(x) - Math.exp(x))).toBeLessThan(3.4e-308)
  }
  for (const x of [710, 1e30, Infinity]) expect(fastExp(x)).toBe(fastExp(709.78))
  expect(fastExp(Number.NaN)).toBeNaN()
})

test('exp(a + b) is exp(a) exp(b)', () => {
  const half = fc.double({ min: -350, max: 350, noNaN: true })
  fc.assert(
    fc.property(half, half, (a, b) => {
      expect(Math.abs(fastExp(a + b) / (fastExp(a) * fastExp(b)) - 1)).toBeLessThan(4 * FAST_EXP_RELATIVE_ERROR)
    }),
  )
})
