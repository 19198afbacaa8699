import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeWork, type ModelCost, prefillWork, roofline } from './roofline.ts'

const COST: ModelCost = {
  productParameters: 1000,
  headParameters: 100,
  attentionFeatures: 10,
  passWeightBytes: 4400,
  cacheBytesPerToken: 16,
}
const NO_ATTENTION: ModelCost = { ...COST, attentionFeatures: 0 }

/** Every token by itself: the positions that it looks at, added up one by one. */
function flopsByHand(cost: ModelCost, batch: number, from: number, to: number, heads: number): number {
  let flops = heads * 2 * cost.headParameters
  for (let position = from; position < to; position++)
    flops += 2 * cost.productParameters + 4 * cost.attentionFeatures * (position + 1)
  return batch * flops
}

describe('the work of a prefill', () => {
  test('is 2 FLOP a parameter and token, the head once, and attention over what a causal token sees', () => {
    expect(prefillWork(NO_ATTENTION, 1, 5).flops).toBe(2 * 1000 * 5 + 2 * 100)
    expect(prefillWork(COST, 3, 5).flops).toBe(flopsByHand(COST, 3, 0, 5, 1))
  })

  test('reads the weights once a pass, whatever the batch, and the cache of what came before', () => {
    expect(prefillWork(COST, 1, 8).bytes).toBe(4400 + 8 * 16)
    expect(prefillWork(COST, 4, 8).bytes).toBe(4400 + 4 * 8 * 16)
    expect(prefillWork(COST, 1, 8, 3).bytes).toBe(3 * 4400 + (3 + 6 + 8) * 16)
  })

  test('has the same FLOPs in any chunks', () => {
    const whole = prefillWork(COST, 2, 37).flops
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), chunk => {
        expect(prefillWork(COST, 2, 37, chunk).flops).toBeCloseTo(whole, 6)
      }),
    )
  })

  test('comes to no more than PaLM’s count, which lets every token see the whole prompt, and to more than half of its attention', () => {
    const tokens = 64
    const palm = 2 * (1000 * tokens + 100) + 4 * 10 * tokens * tokens // appendix B: 2 N + 4 L H Q T a token
    const ours = prefillWork(COST, 1, tokens).flops
    expect(ours).toBeLessThan(palm)
    expect(ours - 2 * (1000 * tokens + 100)).toBeGreaterThan((4 * 10 * tokens * tokens) / 2)
  })
})

describe('the work of decoding', () => {
  test('is that of every token after the first, each seeing one more', () => {
    // The first token came out of the prefill; the step for the second looks at 6 positions.
    expect(decodeWork(COST, 2, 5, 4).flops).toBe(flopsByHand(COST, 2, 5, 8, 3))
    expect(decodeWork(COST, 2, 5, 4).bytes).toBe(3 * 4400 + 2 * 16 * (6 + 7 + 8))
  })

  test('of one token is nothing', () => expect(decodeWork(COST, 2, 5, 1)).toEqual({ flops: 0, bytes: 0 }))

  test('of a larger batch reads the same weights: intensity grows with it', () => {
    const intensity = (batch: number) => {
      const { flops, bytes } = decodeWork(COST, batch, 4, 8)
      return flops / bytes
    }
    expect(intensity(8)).toBeGreaterThan(4 * intensity(1))
  })
})

describe('a roofline', () => {
  const ceilings = { flopsPerSecond: 1e12, bytesPerSecond: 1e11 } // the ridge lies at 10 FLOP a byte

  test('gives the shares of both limits that are reached', () => {
    expect(roofline({ flops: 4e9, bytes: 1e9 }, 20, ceilings)).toMatchObject({
      intensity: 4,
      mfu: expect.closeTo(0.2, 12),
      mbu: expect.closeTo(0.5, 12),
      bound: 'bandwidth',
    })
  })

  test.each([
    [9, 'bandwidth'],
    [11, 'arithmetic'],
  ] as const)('of %d FLOP a byte, beside a ridge of 10, is bound by %s', (intensity, bound) => {
    expect(roofline({ flops: intensity * 1e9, bytes: 1e9 }, 12, ceilings).bound).toBe(bound)
  })

  test('is bound by overhead where it reaches a tenth of neither', () => {
    expect(roofline({ flops: 1e9, bytes: 1e8 }, 10.1, ceilings).bound).toBe('overhead')
    expect(roofline({ flops: 1e9, bytes: 1e8 }, 9.9, ceilings).bound).not.toBe('overhead')
  })

  test('that reaches a tenth of one limit alone is bound by that one', () => {
    expect(roofline({ flops: 5e9, bytes: 1e7 }, 10, ceilings)).toMatchObject({ bound: 'arithmetic' }) // half and a hundredth
    expect(roofline({ flops: 1e8, bytes: 5e8 }, 10, ceilings)).toMatchObject({ bound: 'bandwidth' })
  })

  test('names no bound where a limit is not known', () => {
    const work = { flops: 4e9, bytes: 1e9 }
    expect(roofline(work, 20, { ...ceilings, flopsPerSecond: null })).toMatchObject({ mfu: null, bound: null })
    expect(roofline(work, 20, { ...ceilings, bytesPerSecond: null })).toMatchObject({ mbu: null, bound: null })
    expect(roofline(work, 0, ceilings)).toMatchObject({ mfu: null, mbu: null, bound: null })
  })
})
