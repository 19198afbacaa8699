import { describe, expect, test } from 'vitest'
import { BENCHMARKS } from '../../benchmarks/index.ts'
import type { BenchmarkPoint, Summary } from '../../events/result.ts'
import { summarize } from '../../metrics/index.ts'
import { judgeTargets } from './targets.ts'

function summary(value: number): Summary {
  const made = summarize([value])
  if (made === null) throw new Error('nothing to summarize')
  return made
}

interface Figures {
  readonly ttftMs?: number
  readonly tokensPerSecondPerUser?: number
  readonly tokensPerSecond?: number
  readonly peakMemoryShare?: number
}

/** A measured point that meets every usual target, but for what is said. */
function point(batch: number, figures: Figures = {}, status: BenchmarkPoint['status'] = 'pass'): BenchmarkPoint {
  return {
    batch,
    shape: { inputTokens: 8, outputTokens: 4 },
    status,
    reason: status === 'pass' ? null : 'wrong tokens',
    metrics: {
      ttftMs: summary(figures.ttftMs ?? 10),
      tokensPerSecondPerUser: summary(figures.tokensPerSecondPerUser ?? 100),
      tokensPerSecond: summary(figures.tokensPerSecond ?? 2000),
    },
    figures: { peakMemoryShare: figures.peakMemoryShare ?? 0.5 },
    targets: [],
    audit: { status: 'pass', reason: null, outputs: 4, disagreements: 0 },
    tokenLatencyMs: [],
    roofline: {},
  }
}

const targetsOf = (judged: BenchmarkPoint | undefined) =>
  Object.fromEntries((judged?.targets ?? []).map(({ metric, ...target }) => [metric, target]))

describe('the usual targets', () => {
  test('are shown where the plan asks for none, and fail nothing', () => {
    const [judged] = judgeTargets(
      BENCHMARKS.generation,
      [point(1, { ttftMs: 101, tokensPerSecond: 999, peakMemoryShare: 0.9 })],
      {},
    )
    expect(judged).toMatchObject({ status: 'pass', reason: null })
    expect(targetsOf(judged)).toEqual({
      ttftMs: { limit: 100, comparison: 'at-most', value: 101, met: false, enforced: false },
      tokensPerSecondPerUser: { limit: 50, comparison: 'at-least', value: 100, met: true, enforced: false },
      tokensPerSecond: { limit: 1000, comparison: 'at-least', value: 999, met: false, enforced: false },
      peakMemoryShare: { limit: 0.8, comparison: 'at-most', value: 0.9, met: false, enforced: false },
    })
  })

  test('judge the first token at batch 1, the total at the best batch, the rest everywhere', () => {
    const judged = judgeTargets(
      BENCHMARKS.generation,
      [point(1, { tokensPerSecond: 500 }), point(4, { tokensPerSecond: 1500 }), point(8, { tokensPerSecond: 1200 })],
      {},
    )
    expect(judged.map(one => Object.keys(targetsOf(one)))).toEqual([
      ['ttftMs', 'tokensPerSecondPerUser', 'peakMemoryShare'],
      ['tokensPerSecondPerUser', 'tokensPerSecond', 'peakMemoryShare'],
      ['tokensPerSecondPerUser', 'peakMemoryShare'],
    ])
  })
})

describe('a target that the plan asks for', () => {
  test.each<[keyof Figures, number, number, number, string]>([
    ['ttftMs', 20, 20, 20.01, 'ttftMs is 20.01, the target is at most 20'],
    ['tokensPerSecondPerUser', 60, 60, 59.9, 'tokensPerSecondPerUser is 59.90, the target is at least 60'],
    ['tokensPerSecond', 1500, 1500, 1499, 'tokensPerSecond is 1499, the target is at least 1500'],
    ['peakMemoryShare', 0.7, 0.7, 0.71, 'peakMemoryShare is 0.7100, the target is at most 0.7'],
  ])('%s: %d is met by %d and missed by %d', (metric, limit, met, missed, reason) => {
    expect(judgeTargets(BENCHMARKS.generation, [point(1, { [metric]: met })], { [metric]: limit })[0]).toMatchObject({
      status: 'pass',
    })
    const [judged] = judgeTargets(BENCHMARKS.generation, [point(1, { [metric]: missed })], { [metric]: limit })
    expect(judged).toMatchObject({ status: 'fail', reason })
    expect(targetsOf(judged)[metric]).toMatchObject({ met: false, enforced: true })
  })

  test('that other targets meet fails the point that misses it, and no other', () => {
    const judged = judgeTargets(BENCHMARKS.generation, [point(1), point(4, { tokensPerSecondPerUser: 20 })], {
      tokensPerSecondPerUser: 50,
    })
    expect(judged.map(({ status }) => status)).toEqual(['pass', 'fail'])
  })

  test('that cannot be known is neither met nor missed', () => {
    const unknown = { ...point(1), figures: { peakMemoryShare: null } }
    const [judged] = judgeTargets(BENCHMARKS.generation, [unknown], { peakMemoryShare: 0.5 })
    expect(judged?.status).toBe('pass')
    expect(targetsOf(judged)['peakMemoryShare']).toMatchObject({ value: null, met: null, enforced: true })
  })

  test('does not hide that the tokens were wrong', () => {
    const [judged] = judgeTargets(BENCHMARKS.generation, [point(1, { ttftMs: 500 }, 'fail')], { ttftMs: 100 })
    expect(judged).toMatchObject({ status: 'fail', reason: 'wrong tokens' })
  })
})

test('a point that was not measured has no targets, and is never the best', () => {
  const skipped: BenchmarkPoint = { ...point(16, {}, 'skip'), metrics: {}, figures: {} }
  const judged = judgeTargets(BENCHMARKS.generation, [skipped, point(1)], { tokensPerSecond: 1 })
  expect(judged[0]).toBe(skipped)
  expect(targetsOf(judged[1])['tokensPerSecond']).toMatchObject({ met: true })
})

describe('the targets of images', () => {
  const images = (batch: number, imagesPerSecond: number): BenchmarkPoint => ({
    ...point(batch),
    metrics: { latencyMs: summary((1000 * batch) / imagesPerSecond), imagesPerSecond: summary(imagesPerSecond) },
  })

  test('have no usual limit but for memory, since they depend on the model', () => {
    const [judged] = judgeTargets(BENCHMARKS.inference, [images(1, 10)], {})
    expect(Object.keys(targetsOf(judged))).toEqual(['peakMemoryShare'])
  })

  test('judge the latency at batch 1 and the throughput at the best batch', () => {
    const points = [images(1, 100), images(8, 500), images(32, 400)]
    const judged = judgeTargets(BENCHMARKS.inference, points, { latencyMs: 9, imagesPerSecond: 501 })
    expect(judged.map(({ reason }) => reason)).toEqual([
      'latencyMs is 10.00, the target is at most 9',
      'imagesPerSecond is 500.0, the target is at least 501',
      null,
    ])
  })
})
