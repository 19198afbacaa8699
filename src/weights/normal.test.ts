import { expect, test } from 'vitest'
import { findPython, runPython } from '../../tests/python.ts'
import { normalQuantiles, QUANTILES } from './normal.ts'

const quantiles = normalQuantiles()

test('the quantiles ascend, are symmetric and have mean 0 and deviation 1', () => {
  let sum = 0
  let squares = 0
  for (const [k, quantile] of quantiles.entries()) {
    if (k > 0 && !(quantile > (quantiles[k - 1] ?? Number.NaN))) expect.fail(`not ascending at ${k}`)
    if (quantile !== -(quantiles[QUANTILES - 1 - k] ?? Number.NaN)) expect.fail(`not symmetric at ${k}`)
    sum += quantile
    squares += quantile * quantile
  }
  expect(sum).toBeCloseTo(0, 9)
  expect(Math.sqrt(squares / QUANTILES)).toBeCloseTo(1, 4)
})

// Abramowitz and Stegun, table 26.5; Python's statistics.NormalDist gives the same.
test('a quantile is the number that the distribution function maps to its probability', ({ skip }) => {
  const python = findPython([])
  if ('missing' in python) return skip(python.missing)
  const places = [0, 1, 2, 100, 4914, 4915, 4916, 20000, 32767, 32768, 60619, 60620, 60621, 65535]
  const script = `
import sys
from statistics import NormalDist
print(*(NormalDist().inv_cdf((int(k) + 0.5) / 65536) for k in sys.argv[1:]))`
  const expected = runPython(python, script, ...places.map(String))
    .trim()
    .split(' ')
    .map(Number)
  for (const [i, k] of places.entries()) {
    const exact = expected[i] ?? Number.NaN
    expect(Math.abs((quantiles[k] ?? Number.NaN) / exact - 1)).toBeLessThan(2e-7)
  }
})
