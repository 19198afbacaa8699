import { describe, expect, test } from 'vitest'
import { callsOfCases, callsOfGeneration, demandOf, misfit } from './demand.ts'

const FOOTPRINT = { passBytes: 900, weightBytes: 1000, slotBytes: 10, logitsBytes: 100 }
const DEMAND = { weightBytes: 282.2e9, cacheBytes: 419e6, logitsBytes: 0.5e6 }

describe('the calls', () => {
  test('of what runs in one pass have logits for every token, of what is generated for the last alone', () => {
    const tokens = [1, 2, 3, 4]
    expect(
      callsOfCases([
        { id: 'logits.a', kind: 'logits', tokens, newTokens: 0 },
        { id: 'perplexity.a', kind: 'perplexity', tokens: [...tokens, 5], newTokens: 0 },
        { id: 'generate.a', kind: 'generate', tokens, newTokens: 32 },
      ]),
    ).toEqual([
      { slots: 4, logits: 4 },
      { slots: 5, logits: 5 },
      { slots: 36, logits: 1 },
    ])
  })

  test('of a benchmark keep every row of the batch to its last token', () => {
    expect(callsOfGeneration({ batch: 4, inputTokens: 512, outputTokens: 128 }, 2048)).toEqual([
      { slots: 2560, logits: 4 },
    ])
  })

  test('of a benchmark longer than the model are none, since it is skipped', () => {
    expect(callsOfGeneration({ batch: 1, inputTokens: 512, outputTokens: 128 }, 640)).toHaveLength(1)
    expect(callsOfGeneration({ batch: 1, inputTokens: 512, outputTokens: 128 }, 639)).toEqual([])
  })
})

describe('the demand', () => {
  test('is that of the call that needs most', () => {
    const calls = [
      { slots: 7, logits: 7 },
      { slots: 90, logits: 1 },
    ]
    expect(demandOf(FOOTPRINT, calls)).toEqual({ weightBytes: 1000, cacheBytes: 900, logitsBytes: 100 })
    expect(demandOf(FOOTPRINT, calls.slice(0, 1))).toEqual({ weightBytes: 1000, cacheBytes: 70, logitsBytes: 700 })
  })

  test('of no call is the weights', () => {
    expect(demandOf(FOOTPRINT, [])).toEqual({ weightBytes: 1000, cacheBytes: 0, logitsBytes: 0 })
  })
})

describe('a demand', () => {
  const demand = { weightBytes: 1000, cacheBytes: 20, logitsBytes: 3 }
  const of = 'of npu:npu'

  test('that is exactly what there is fits, and one byte more does not', () => {
    expect(misfit(demand, { bytes: 1023, of })).toBeNull()
    expect(misfit(demand, { bytes: 1022, of })).not.toBeNull()
  })

  test('shares its room with what is held meanwhile', () => {
    expect(misfit(demand, { bytes: 1073, of }, { bytes: 50, by: 'another' })).toBeNull()
    expect(misfit(demand, { bytes: 1072, of }, { bytes: 50, by: 'another' })).not.toBeNull()
  })

  test('that does not fit is told with every figure', () => {
    expect(misfit(DEMAND, { bytes: 25.3e9, of: 'of ort:cpu' })).toBe(
      'weights 282.2 GB + cache 419 MB + logits 0.5 MB do not fit the 25.3 GB of ort:cpu',
    )
    expect(misfit({ ...DEMAND, cacheBytes: 0, logitsBytes: 0 }, { bytes: 25.3e9, of }, { bytes: 8e9, by: 'x' })).toBe(
      'weights 282.2 GB, beside 8.0 GB of x, do not fit the 25.3 GB of npu:npu',
    )
  })
})
