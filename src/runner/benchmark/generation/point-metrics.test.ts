import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { GenerationSample } from '../../../protocol/messages.ts'
import { pointFigures, pointMetrics, sampleValues, tokenLatency } from './point-metrics.ts'

/** Batch 2 of 100 tokens: the first token after 50 ms, then three more, 10 ms apart but the last, which takes 20. */
const SAMPLE: GenerationSample = {
  tokenMs: [50, 60, 70, 90],
  deviceMs: [48, 8, 9, 16],
  selectMs: [1, 1, 0.5, 2],
}

describe('the figures of a repetition', () => {
  test('are those of docs/metrics.md', () => {
    expect(sampleValues(SAMPLE, 2, 100)).toEqual({
      ttftMs: 50,
      tpotMs: 40 / 3,
      e2eMs: 90,
      itlMs: 10,
      selectMs: 1,
      prefillMs: 48,
      tokensPerSecondPerUser: expect.closeTo(75, 9),
      tokensPerSecond: expect.closeTo((2 * 4) / 0.09, 9),
      prefillTokensPerSecond: expect.closeTo(200 / 0.048, 9),
      decodeTokensPerSecond: expect.closeTo((2 * 3) / 0.04, 9),
    })
  })

  test('of one token have no time per further token: left out, and never 0', () => {
    const one = { tokenMs: [50], deviceMs: [48], selectMs: [1] }
    expect(sampleValues(one, 1, 100)).toMatchObject({ ttftMs: 50, tpotMs: null, e2eMs: 50 })
    expect(pointMetrics([one], 1, 100)).toMatchObject({ tpotMs: null, itlMs: null, tokensPerSecondPerUser: null })
  })
})

describe('the metrics of a point', () => {
  test('are medians over repetitions, gaps pooled', () => {
    const slower = { tokenMs: [70, 90, 110, 130], deviceMs: [60, 18, 18, 18], selectMs: [1, 1, 1, 1] }
    const metrics = pointMetrics([SAMPLE, slower], 2, 100)
    expect(metrics['ttftMs']).toMatchObject({ count: 2, median: 60, min: 50, max: 70 })
    expect(metrics['itlMs']).toMatchObject({ count: 6, median: 20, min: 10, max: 20 })
    expect(metrics['tpotMs']).toMatchObject({ count: 2, min: expect.closeTo(40 / 3, 12), max: 20 })
    expect(metrics['e2eMs']).toMatchObject({ median: 110 })
    expect(metrics['tokensPerSecondPerUser']).toMatchObject({ min: expect.closeTo(50, 9), max: expect.closeTo(75, 9) })
    expect(metrics['tokensPerSecond']).toMatchObject({
      max: expect.closeTo(8 / 0.09, 9),
      min: expect.closeTo(8 / 0.13, 9),
    })
    expect(metrics['prefillMs']).toMatchObject({ median: 54 })
    expect(metrics['prefillTokensPerSecond']).toMatchObject({ max: expect.closeTo(200 / 0.048, 9) })
    expect(metrics['decodeTokensPerSecond']).toMatchObject({ max: expect.closeTo(150, 9), min: expect.closeTo(100, 9) })
    expect(metrics['selectMs']).toMatchObject({ count: 8, max: 2, min: 0.5 })
  })

  test('have no high percentile below 20 samples', () => {
    expect(pointMetrics([SAMPLE], 2, 100)['itlMs']).toMatchObject({ p95: null, p99: null })
  })

  test('hold for every batch: rows share the time, so tokens per second grow with it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), batch => {
        const one = pointMetrics([SAMPLE], 1, 100)['tokensPerSecond']?.median ?? 0
        expect(pointMetrics([SAMPLE], batch, 100)['tokensPerSecond']?.median).toBeCloseTo(batch * one, 6)
        expect(pointMetrics([SAMPLE], batch, 100)['tpotMs']).toEqual(pointMetrics([SAMPLE], 1, 100)['tpotMs'])
      }),
    )
  })
})

describe('the single figures of a point', () => {
  test('say what a decode step spends outside the device and in choosing, the prefill aside', () => {
    const figures = pointFigures([SAMPLE], 600, 1000)
    expect(figures['outsideDeviceShare']).toBeCloseTo((2 + 1 + 4) / 40, 12)
    expect(figures['selectShare']).toBeCloseTo((1 + 0.5 + 2) / 40, 12)
    expect(figures).toMatchObject({ peakMemoryBytes: 600, peakMemoryShare: 0.6 })
  })

  test('are null where they cannot be known', () => {
    const one = { tokenMs: [50], deviceMs: [48], selectMs: [1] }
    expect(pointFigures([one], null, 1000)).toEqual({
      peakMemoryBytes: null,
      peakMemoryShare: null,
      outsideDeviceShare: null,
      selectShare: null,
    })
    expect(pointFigures([one], 600, null)).toMatchObject({ peakMemoryBytes: 600, peakMemoryShare: null })
  })
})

test('the latency curve has the median of each gap, in order', () => {
  const gaps = (...values: number[]) => {
    let now = 30
    const tokenMs = [now, ...values.map(value => (now += value))]
    return { tokenMs, deviceMs: tokenMs.map(() => 1), selectMs: tokenMs.map(() => 0) }
  }
  expect(tokenLatency([gaps(1, 5, 9), gaps(3, 4, 90), gaps(2, 60, 8)])).toEqual([2, 5, 9])
  expect(tokenLatency([])).toEqual([])
})
