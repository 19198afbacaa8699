import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { caseLabel, placeOf, say, sayFew, sayMeasured } from './wording.ts'

describe('words of a reason', () => {
  it('numbers have three digits, and limits are written as people do', () => {
    expect([1e-4, 0.5, 2.31234e-7, 12345.678, 1e9, 0, -0.25, 3, Number.NaN, Number.POSITIVE_INFINITY].map(say)).toEqual(
      ['1e-4', '0.500', '2.31e-7', '1.23e+4', '1e9', '0', '-0.250', '3', 'NaN', 'Infinity'],
    )
    expect([1, 0, 250].map(sayMeasured)).toEqual(['1.00', '0', '250'])
  })

  it('a place is the index in each dimension', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 4 }), fc.nat(), (shape, n) => {
        const index = n % shape.reduce((product, size) => product * size, 1)
        const place = placeOf(index, shape)
        expect(place).toHaveLength(shape.length)
        expect(shape.reduce((at, size, axis) => at * size + (place[axis] ?? 0), 0)).toBe(index)
      }),
    )
  })

  it('a case is called by its id without its kind', () => {
    expect([caseLabel('logits.capital-france'), caseLabel('data.a.b')]).toEqual(['capital-france', 'a.b'])
  })

  it('long lists are cut with what is left', () => {
    expect(sayFew(['a', 'b', 'c'], 2)).toBe('a; b; and 1 more')
    expect(sayFew(['a', 'b'], 2)).toBe('a; b')
  })
})
