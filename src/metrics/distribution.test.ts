import { describe, expect, test } from 'vitest'
import { mostProbable, softmax } from './distribution.ts'

describe('softmax', () => {
  test('gives the probabilities of the closed form, whatever is added to all logits', () => {
    // e^0 : e^ln2 : e^ln5 = 1 : 2 : 5
    for (const shift of [0, 1000, -1000]) {
      const of = softmax(Float32Array.of(9, shift, shift + Math.LN2, shift + Math.log(5), 9), 1, 4)
      for (const [token, share] of [1 / 8, 2 / 8, 5 / 8].entries()) expect(of(token)).toBeCloseTo(share, 4)
    }
  })

  test('gives a masked token nothing, and knows nothing of a row that is no distribution', () => {
    const masked = softmax(Float32Array.of(0, Number.NEGATIVE_INFINITY), 0, 2)
    expect([masked(0), masked(1)]).toEqual([1, 0])
    for (const broken of [Number.NaN, Number.POSITIVE_INFINITY])
      expect(softmax(Float32Array.of(0, broken), 0, 2)(0)).toBeNaN()
  })
})

describe('the most probable tokens', () => {
  test('come row by row, the most probable first, the lower of equal ones first', () => {
    const { tokens, probabilities } = mostProbable(Float32Array.of(0, 1, 1, -5, 3, 0, 0, 9), 4, 3)
    expect([...tokens]).toEqual([1, 2, 0, 3, 0, 1])
    const [first, second] = [2 * Math.E + 1 + Math.exp(-5), Math.exp(9) + Math.exp(3) + 2]
    expect(probabilities[0]).toBeCloseTo(Math.E / first, 6)
    expect(probabilities[2]).toBeCloseTo(1 / first, 6)
    expect(probabilities[3]).toBeCloseTo(Math.exp(9) / second, 6)
  })

  test('are -1 where a row has fewer numbers', () => {
    expect([...mostProbable(Float32Array.of(Number.NaN, Number.NaN, 1, 2), 2, 2).tokens]).toEqual([-1, -1, 1, 0])
  })
})
