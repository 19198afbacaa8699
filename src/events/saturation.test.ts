import { describe, expect, test } from 'vitest'
import { summarize } from '../metrics/index.ts'
import type { BenchmarkPoint, PhaseRoofline } from './result.ts'
import { saturationOf } from './saturation.ts'

const SHAPE = { inputTokens: 8, outputTokens: 4 }

function phase(ms: number, mfu: number | null, mbu: number | null, bound: PhaseRoofline['bound']): PhaseRoofline {
  return { flops: 1, bytes: 1, ms, intensity: 1, mfu, mbu, bound }
}

const ROOFLINE = { prefill: phase(10, 0.6, 0.1, 'arithmetic'), decode: phase(90, 0.2, 0.7, 'bandwidth') }

function point(batch: number, tokensPerSecond: number | null, more: Partial<BenchmarkPoint> = {}): BenchmarkPoint {
  const isMeasured = tokensPerSecond !== null
  return {
    batch,
    shape: SHAPE,
    status: isMeasured ? 'pass' : 'skip',
    reason: null,
    metrics: isMeasured ? { tokensPerSecond: summarize([tokensPerSecond]) } : {},
    figures: {},
    targets: [],
    audit: { status: 'pass', reason: null, outputs: 4, disagreements: 0 },
    tokenLatencyMs: [],
    roofline: isMeasured ? ROOFLINE : {},
    ...more,
  }
}

describe('where throughput stops growing', () => {
  test('the phase that takes most of the time says what binds, and how much of it is reached', () => {
    const points = [point(1, 100), point(2, 190), point(4, 195)]
    expect(saturationOf('generation', SHAPE, points)).toEqual({
      shape: SHAPE,
      batch: 2,
      atBatch: 2,
      throughput: 190,
      measured: 3,
      beyond: null,
      phase: 'decode',
      bound: 'bandwidth',
      share: 0.7,
    })
    const longPrefill = { ...ROOFLINE, prefill: { ...ROOFLINE.prefill, ms: 91 } }
    const [, knee] = points
    const other = saturationOf('generation', SHAPE, [
      point(1, 100),
      { ...(knee ?? point(2, 190)), roofline: longPrefill },
      point(4, 195),
    ])
    expect(other).toMatchObject({ phase: 'prefill', bound: 'arithmetic', share: 0.6 })
  })

  test('the roofline is that of the batch itself, and not of its neighbours', () => {
    const slow = { prefill: phase(1, 0.01, 0.01, 'overhead'), decode: phase(9, 0.03, 0.05, 'overhead') }
    const points = [point(1, 100), point(2, 190, { roofline: slow }), point(4, 195)]
    expect(saturationOf('generation', SHAPE, points)).toMatchObject({ bound: 'overhead', share: 0.05 })
  })
})

test('each benchmark has a throughput and phases of its own', () => {
  const images = (batch: number, imagesPerSecond: number) => ({
    ...point(batch, null),
    status: 'pass' as const,
    shape: { height: 224, width: 224 },
    metrics: { imagesPerSecond: summarize([imagesPerSecond]), tokensPerSecond: summarize([1]) },
    roofline: { forward: phase(5, 0.8, 0.3, 'arithmetic') },
  })
  const [small, large, last] = [images(1, 100), images(8, 700), images(32, 710)]
  expect(saturationOf('inference', small.shape, [small, large, last])).toMatchObject({
    ...{ shape: { height: 224, width: 224 }, batch: 8, throughput: 700, phase: 'forward', share: 0.8 },
  })
})

describe('where it does not stop', () => {
  test('the largest batch that was measured is spoken of, and why there was no larger one', () => {
    const points = [point(1, 100), point(2, 190), point(4, null, { reason: 'does not fit' })]
    expect(saturationOf('generation', SHAPE, points)).toMatchObject({
      batch: null,
      atBatch: 2,
      throughput: 190,
      measured: 2,
      beyond: 'does not fit',
    })
  })

  test('a single batch says nothing of growth', () => {
    expect(saturationOf('generation', SHAPE, [point(4, 100)])).toMatchObject({
      batch: null,
      atBatch: 4,
      measured: 1,
      beyond: null,
    })
  })

  test('what was not measured has none', () => {
    expect(saturationOf('generation', SHAPE, [point(1, null)])).toBeNull()
    expect(saturationOf('generation', SHAPE, [])).toBeNull()
  })
})

test('without the device’s limits there is a batch, and nothing that binds', () => {
  const unknown = { prefill: phase(10, null, null, null), decode: phase(90, null, null, null) }
  const points = [point(1, 100, { roofline: unknown }), point(2, 101, { roofline: {} })]
  expect(saturationOf('generation', SHAPE, points)).toMatchObject({
    batch: 1,
    phase: 'decode',
    bound: null,
    share: null,
  })
  expect(saturationOf('generation', SHAPE, points.slice(1))).toMatchObject({ phase: null, bound: null, share: null })
})
