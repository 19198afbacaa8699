import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nllOfTargets } from './likelihood.ts'

test('equal logits make every token cost log of the vocabulary', () => {
  const nll = nllOfTargets(new Float32Array(24).fill(3), [0, 7, 2], 8)
  for (const nats of nll) expect(nats).toBeCloseTo(Math.log(8), 10)
})

test('the likelihoods of all tokens of a row sum to 1, however large its logits', () => {
  const row = fc.array(fc.float({ min: -1000, max: 1000, noNaN: true }), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(row, fc.constantFrom(0, 1e6, -1e6), (row, shift) => {
      const logits = Float32Array.from(row, x => x + shift)
      const all = row.map((_, token) => nllOfTargets(logits, [token], row.length)[0] ?? Number.NaN)
      expect(all.reduce((sum, nll) => sum + Math.exp(-nll), 0)).toBeCloseTo(1, 9)
    }),
  )
})

test('a target far below the top costs their difference', () => {
  expect(nllOfTargets(Float32Array.of(0, -5000), [1], 2)[0]).toBeCloseTo(5000, 9)
  expect(nllOfTargets(Float32Array.of(0, -3e38), [1], 2)[0]).toBe(-Math.fround(-3e38))
})

test('a masked target costs infinity, a masked other token nothing, and NaN or Infinity leave it undefined', () => {
  const masked = Float32Array.of(-Infinity, 2, 2)
  expect(nllOfTargets(masked, [0], 3)[0]).toBe(Infinity)
  expect(nllOfTargets(masked, [1], 3)[0]).toBeCloseTo(Math.LN2, 10)
  for (const bad of [Number.NaN, Infinity]) expect(nllOfTargets(Float32Array.of(bad, 1), [1], 2)[0]).toBeNaN()
  expect(nllOfTargets(Float32Array.of(-Infinity, -Infinity), [1], 2)[0]).toBeNaN()
})

test('targets that are no tokens, and shapes that do not fit, are refused', () => {
  const logits = new Float32Array(4)
  for (const target of [-1, 4, 1.5]) expect(() => nllOfTargets(logits, [target], 4)).toThrow(RangeError)
  expect(() => nllOfTargets(logits, [0, 0], 4)).toThrow(RangeError)
})
