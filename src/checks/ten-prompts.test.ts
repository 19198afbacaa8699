import { describe, expect, it } from 'vitest'
import { type TensorData, toFloat32 } from '../tensor.ts'
import { RELATIVE_ERROR } from './defaults.ts'
import {
  asHalf,
  contextOf,
  mapped,
  outputs,
  PRECISIONS,
  referenceOf,
  rounded,
  someLogits,
  truncated,
  withValue,
} from './fixtures.ts'
import { tenPrompts } from './ten-prompts.ts'

const PROMPTS = Array.from(
  { length: 12 },
  (_, index) => [`logits.p${'abcdefghijkl'[index]}`, someLogits(index)] as const,
)
const TEN = PROMPTS.slice(0, 10)
const asCases = (prompts: readonly (readonly [string, TensorData])[]) =>
  Object.fromEntries(prompts.map(([id, logits]) => [id, { logits }]))
const REFERENCE = referenceOf(asCases(PROMPTS))

type Precision = Parameters<typeof contextOf>[0]
const judge = (change: (logits: TensorData, index: number) => TensorData, precision: Precision = 'fp32') =>
  tenPrompts.judge(
    REFERENCE,
    outputs(asCases(PROMPTS.map(([id, logits], index) => [id, change(logits, index)]))),
    contextOf(precision),
  )

/** By NumPy's definitions, in double precision: the root of the mean square of the reference's ten prompts. */
const values = TEN.flatMap(([, logits]) => Array.from(toFloat32(logits)))
const rms = Math.hypot(...values) / Math.sqrt(values.length)

describe('the logits of ten prompts', () => {
  it('pass where they are the reference’s, and the figures are of ten', () => {
    const result = judge(logits => logits)
    expect(result).toMatchObject({ status: 'pass', reason: null, samples: 10 })
    expect(result.metrics).toMatchObject({ meanAbs: 0, maxAbs: 0, prompts: 10 })
    expect(result.metrics['logitsRms']).toBeCloseTo(rms, 10)
    expect(result.cases.map(({ id }) => id)).toEqual(TEN.map(([id]) => id))
  })

  it('differ by the average and the largest absolute difference over all of their logits', () => {
    const result = judge(
      (logits, index) => mapped(logits, (value, i) => value + (index === 0 && i === 7 ? 0.01 : 1e-4)),
      'fp16',
    )
    const [one] = TEN
    const count = values.length
    expect(result.metrics['maxAbs']).toBeCloseTo(0.01, 5)
    expect(result.metrics['meanAbs']).toBeCloseTo(((count - 1) * 1e-4 + 0.01) / count, 7)
    expect(result.worst).toMatchObject({ case: one?.[0], index: [0, 0, 7] })
  })

  it.each(PRECISIONS)('are held to limits in units of their size in %s', precision => {
    const { limit } = RELATIVE_ERROR[precision]
    const result = judge(logits => rounded(logits, limit / 2), precision)
    expect(result.status).toBe('pass')
    expect(result.thresholds['meanAbs']?.limit).toBeCloseTo(limit * rms, 10)
    expect(result.thresholds['maxAbs']?.limit).toBeCloseTo(10 * limit * rms, 10)
    expect(judge(logits => mapped(logits, value => value + 1.5 * limit * rms), precision)).toMatchObject({
      status: 'fail',
      reason: expect.stringMatching(/^the logits of 10 prompts differ by .* on average \(limit/),
    })
    expect(
      judge((logits, index) => (index === 4 ? withValue(logits, 50, 11 * limit * rms + 10) : logits), precision),
    ).toMatchObject({
      status: 'fail',
      reason: expect.stringMatching(/^logits of pe differ by /),
      worst: { case: 'logits.pe', index: [0, 1, 10] },
    })
  })

  it.each(PRECISIONS)('fail for twice the values and zeros in %s', precision => {
    expect(judge(logits => mapped(logits, value => 2 * value), precision).status).toBe('fail')
    expect(judge(logits => mapped(logits, () => 0), precision).status).toBe('fail')
  })

  it('do not look beyond ten', () => {
    expect(judge((logits, index) => (index < 10 ? logits : mapped(logits, () => 0))).status).toBe('pass')
  })

  it('fail for NaN, another shape or type, and a missing prompt', () => {
    const at3 = (change: (logits: TensorData) => TensorData) =>
      judge((logits, index) => (index === 3 ? change(logits) : logits))
    expect(at3(logits => withValue(logits, 9, Number.NaN))).toMatchObject({ status: 'fail', metrics: { nonFinite: 1 } })
    expect(at3(truncated).status).toBe('fail')
    expect(at3(asHalf).status).toBe('fail')
    const nine = outputs(asCases(PROMPTS.slice(1)))
    expect(tenPrompts.judge(REFERENCE, nine, contextOf())).toMatchObject({
      status: 'fail',
      reason: 'case logits.pa is missing',
    })
  })

  it('are the same ten in whatever order they come', () => {
    const turned = referenceOf(asCases(PROMPTS.toReversed()))
    const result = tenPrompts.judge(turned, outputs(asCases(PROMPTS)), contextOf())
    expect(result.cases.map(({ id }) => id).toSorted()).toEqual(TEN.map(([id]) => id))
  })

  it('are as many as there are, and skipped without a reference or a prompt', () => {
    const three = asCases(PROMPTS.slice(0, 3))
    expect(tenPrompts.judge(referenceOf(three), outputs(three), contextOf())).toMatchObject({
      status: 'pass',
      metrics: { prompts: 3 },
    })
    expect(tenPrompts.judge(null, outputs(three), contextOf()).status).toBe('skip')
    expect(tenPrompts.judge(referenceOf({}), outputs({}), contextOf()).status).toBe('skip')
  })
})
