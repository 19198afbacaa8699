import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareElements } from './elements.ts'

const floats = (...values: number[]) => Float32Array.from(values)
const vector = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -1000, max: 1000 }), { minLength: 1 })

test('a case worked by hand', () => {
  const c = compareElements(floats(3, 4, 0, 0), floats(3, 4, 1, -2))
  expect(c).toMatchObject({ count: 4, compared: 4, maxAbs: 2, meanAbs: 0.75, worstIndex: 3, nonFiniteMismatch: -1 })
  expect(c.relL2).toBeCloseTo(Math.sqrt(5) / 5, 15)
  expect(c.cosine).toBeCloseTo(25 / (5 * Math.sqrt(30)), 15)
  expect(c.snrDb).toBeCloseTo(20 * Math.log10(Math.sqrt(5)), 13)
  expect(c.histogram).toEqual({ exponents: [0, 1], counts: [1, 1], zeros: 2 })
})

test('twice the reference has cosine 1 and relL2 1: the scale shows in relL2 alone', () => {
  fc.assert(
    fc.property(vector, values => {
      fc.pre(values.some(value => value !== 0))
      const c = compareElements(
        Float32Array.from(values),
        Float32Array.from(values, value => 2 * value),
      )
      expect(c.cosine).toBeCloseTo(1, 12)
      expect(c.relL2).toBeCloseTo(1, 12)
      expect(c.snrDb).toBeCloseTo(0, 12)
    }),
  )
})

test('cosine, maxAbs and meanAbs do not change when the sides are swapped, and nothing when both are permuted', () => {
  const pairs = fc.array(
    fc.tuple(fc.float({ min: -9, max: 9, noNaN: true }), fc.float({ min: -9, max: 9, noNaN: true })),
    {
      minLength: 1,
    },
  )
  fc.assert(
    fc.property(pairs, pairs => {
      const reference = Float32Array.from(pairs, pair => pair[0])
      const device = Float32Array.from(pairs, pair => pair[1])
      const c = compareElements(reference, device)
      const swapped = compareElements(device, reference)
      const reversed = compareElements(reference.toReversed(), device.toReversed())
      for (const name of ['maxAbs', 'meanAbs', 'cosine'] as const) expect(swapped[name]).toBeCloseTo(c[name], 12)
      expect(reversed.maxAbs).toBe(c.maxAbs)
      expect(reversed.histogram).toEqual(c.histogram)
      if (c.relL2 < 1e6) expect(reversed.relL2).toBeCloseTo(c.relL2, 9)
      expect(c.maxAbs).toBeGreaterThanOrEqual(c.meanAbs)
      expect(Math.abs(c.cosine)).toBeLessThanOrEqual(1)
    }),
  )
})

test('the histogram counts every element once, in the power of two of its error', () => {
  const c = compareElements(new Float32Array(7), floats(0, 0.25, 0.49, 0.5, -1, 8, 1e-40))
  expect(c.histogram.zeros).toBe(1)
  const counts = new Map(c.histogram.exponents.map((exponent, i) => [exponent, c.histogram.counts[i]]))
  expect([counts.get(-2), counts.get(-1), counts.get(0), counts.get(3), counts.get(-127)]).toEqual([2, 1, 1, 1, 1])
  expect(c.histogram.counts.reduce((a, b) => a + b)).toBe(6)
  expect(c.histogram.exponents).toHaveLength(3 + 127 + 1)
})

test('an error in any block of a long tensor is found at its place', () => {
  const reference = Float32Array.from({ length: 10_001 }, (_, i) => Math.sin(i))
  for (const at of [0, 4095, 4096, 8191, 10_000]) {
    const device = reference.slice()
    device[at] = 1e20
    const c = compareElements(reference, device)
    expect(c.worstIndex).toBe(at)
    expect(c.maxAbs / Math.fround(1e20)).toBeCloseTo(1, 12)
    expect(c.histogram.zeros).toBe(10_000)
  }
})

test('of two equal errors the first is the worst', () => {
  expect(compareElements(floats(0, 0, 0), floats(1, 2, -2)).worstIndex).toBe(1)
})

test('one NaN of the device is counted and placed, and leaves the statistics to the other elements', () => {
  const c = compareElements(floats(1, 2, 3), floats(1, Number.NaN, 5))
  expect(c).toMatchObject({ count: 3, compared: 2, deviceNaN: 1, referenceNaN: 0, nonFiniteMismatch: 1 })
  expect(c).toMatchObject({ maxAbs: 2, meanAbs: 1, worstIndex: 2 })
  expect(c.histogram).toEqual({ exponents: [1], counts: [1], zeros: 1 })
})

test('an infinity whose sign is flipped is a mismatch, the same infinity or NaN on both sides is none', () => {
  const reference = floats(0, Infinity, -Infinity, Number.NaN)
  expect(compareElements(reference, reference)).toMatchObject({
    compared: 1,
    referenceInf: 2,
    deviceInf: 2,
    referenceNaN: 1,
    deviceNaN: 1,
    nonFiniteMismatch: -1,
  })
  expect(compareElements(reference, floats(0, Infinity, Infinity, Number.NaN)).nonFiniteMismatch).toBe(2)
  expect(compareElements(reference, floats(0, Number.NaN, -Infinity, Number.NaN)).nonFiniteMismatch).toBe(1)
  expect(compareElements(reference, floats(Infinity, 7, 7, 7)).nonFiniteMismatch).toBe(0)
})

test('zero norms have the values that the documentation gives them', () => {
  const zero = floats(0, 0)
  expect(compareElements(zero, zero)).toMatchObject({ relL2: 0, cosine: 1, snrDb: Infinity, maxAbs: 0, worstIndex: 0 })
  expect(compareElements(zero, floats(0, 1))).toMatchObject({ relL2: Infinity, cosine: 0, snrDb: -Infinity })
  expect(compareElements(floats(0, 1), zero)).toMatchObject({ relL2: 1, cosine: 0, snrDb: 0 })
})

test('where nothing was compared every statistic is NaN, so that no threshold is met', () => {
  for (const values of [[], [Number.NaN]]) {
    const c = compareElements(Float32Array.from(values), Float32Array.from(values))
    expect(c.compared).toBe(0)
    for (const name of ['maxAbs', 'meanAbs', 'relL2', 'cosine', 'snrDb'] as const) expect(c[name]).toBeNaN()
    expect(c.worstIndex).toBe(-1)
    expect(c.histogram).toEqual({ exponents: [], counts: [], zeros: 0 })
  }
})

test('tensors of different lengths are refused', () => {
  expect(() => compareElements(floats(1), floats(1, 2))).toThrow(RangeError)
})

test('sums are in double: a million equal errors do not lose their mean', () => {
  const reference = new Float32Array(1_000_000).fill(1)
  const c = compareElements(reference, reference.slice().fill(1.1))
  expect(c.meanAbs).toBeCloseTo(Math.fround(1.1) - 1, 9)
})
