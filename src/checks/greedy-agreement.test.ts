import { describe, expect, it } from 'vitest'
import type { NamedTensors, TensorData } from '../tensor.ts'
import { tensorOf } from '../tensor.ts'
import { RELATIVE_ERROR } from './defaults.ts'
import { contextOf, f32, outputs, referenceOf, someLogits, tokens } from './fixtures.ts'
import { greedyAgreement } from './greedy-agreement.ts'
import { logitScale } from './noise.ts'

const MARGINS = f32([1, 4], i => [5, 0.00001, 3, 4][i] ?? 0)
const RIGHT = tokens(11, 12, 13, 2)
const REFERENCE = referenceOf({
  'logits.a': { logits: someLogits(1) },
  'generate.a': { sequences: RIGHT, margins: MARGINS },
  'generate.b': { sequences: tokens(7, 2), margins: f32([1, 2], () => 4) },
})

function judge(a: TensorData, precision: Parameters<typeof contextOf>[0] = 'fp32', more: NamedTensors = {}) {
  const device = outputs({ 'generate.a': { sequences: a, ...more }, 'generate.b': { sequences: tokens(7, 2) } })
  return greedyAgreement.judge(REFERENCE, device, contextOf(precision))
}

describe('greedy sequences', () => {
  it('the reference agrees with itself', () => {
    const result = judge(RIGHT)
    expect(result).toMatchObject({ status: 'pass', reason: null, samples: 2 })
    expect(result.metrics).toMatchObject({ agreement: 1, disagreements: 0, nearTies: 0, meanAgreedTokens: 3 })
    expect(result.smallestDrop).toBeCloseTo(1 - Math.sqrt(0.05), 12)
  })

  it('another token against a wide margin fails, at its place', () => {
    const result = judge(tokens(11, 12, 99, 2))
    expect(result).toMatchObject({ status: 'fail', metrics: { agreement: 0.5, disagreements: 1, meanAgreedTokens: 2 } })
    expect(result.reason).toMatch(
      /^sequences of a has token 99 at \[0, 2\] where the reference has 13 by a margin of 3 \(noise \S+\)$/,
    )
    expect(result.cases[0]?.metrics).toMatchObject({ firstDifference: 2, margin: 3 })
  })

  it('another token at a near tie, and whatever follows it, is counted and shown', () => {
    const result = judge(tokens(11, 99, 98, 97, 96))
    expect(result).toMatchObject({ status: 'pass', metrics: { agreement: 0.5, disagreements: 0, nearTies: 1 } })
    expect(result.cases[0]?.details['nearTie']).toContain('token 99 at [0, 1]')
  })

  it('the noise is twice the precision’s limit times the scale of the reference’s logits', () => {
    const noise = 2 * RELATIVE_ERROR.int4.limit * logitScale(REFERENCE.outputs)
    expect(judge(RIGHT, 'int4').metrics['noise']).toBeCloseTo(noise, 12)
    const at = (margin: number) => {
      const reference = referenceOf({
        'logits.a': { logits: someLogits(1) },
        'generate.a': { sequences: tokens(1), margins: f32([1, 1], () => margin) },
      })
      return greedyAgreement.judge(reference, outputs({ 'generate.a': { sequences: tokens(3) } }), contextOf('int4'))
    }
    expect(at(noise * 0.99).status).toBe('pass')
    expect(at(noise * 1.01).status).toBe('fail')
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY])(
    'a margin of %s is none: no near tie, and a result that can be stored',
    margin => {
      const reference = referenceOf({
        'logits.a': { logits: someLogits(1) },
        'generate.a': { sequences: tokens(1, 2), margins: f32([1, 2], () => margin) },
      })
      const judgeTokens = (...ids: number[]) =>
        greedyAgreement.judge(reference, outputs({ 'generate.a': { sequences: tokens(...ids) } }), contextOf('fp32'))
      for (const [result, status] of [
        [judgeTokens(1, 3), 'inconclusive'],
        [judgeTokens(1), 'fail'],
      ] as const) {
        expect(result.status).toBe(status)
        expect(result.cases[0]?.metrics['margin']).toBeNull()
      }
    },
  )

  it('a truncated sequence fails, though the tokens that are there agree and the margin is a near tie', () => {
    const result = judge(tokens(11))
    expect(result).toMatchObject({
      status: 'fail',
      reason: 'sequences of a has 1 token where the reference has 4, alike to the end of the shorter',
    })
  })

  it('a longer sequence fails', () => {
    expect(judge(tokens(11, 12, 13, 2, 5)).reason).toContain('5 tokens where the reference has 4')
  })

  it('an empty sequence fails', () => {
    expect(judge(tokens()).status).toBe('fail')
  })

  it('nothing but zeros fails', () => {
    expect(judge(tokens(0, 0, 0, 0)).status).toBe('fail')
  })

  it('prompts in each other’s place fail', () => {
    const device = outputs({ 'generate.a': { sequences: tokens(7, 2) }, 'generate.b': { sequences: RIGHT } })
    expect(greedyAgreement.judge(REFERENCE, device, contextOf('int4')).status).toBe('fail')
  })

  it('the same tokens in another type fail', () => {
    expect(judge(tensorOf([1, 4], Int32Array.of(11, 12, 13, 2)))).toMatchObject({
      status: 'fail',
      reason: 'output sequences of a has type i32 where the reference has i64',
    })
  })

  it('the same tokens in another shape fail', () => {
    expect(judge({ ...RIGHT, shape: [4] }).reason).toContain('shape [4] where the reference has [1, 4]')
    expect(judge({ ...RIGHT, shape: [4, 1] }).status).toBe('fail')
    expect(judge({ ...RIGHT, shape: [2, 2] }).status).toBe('fail')
  })

  it('fewer bytes than the shape says fail', () => {
    expect(judge({ ...RIGHT, bytes: RIGHT.bytes.subarray(8) }).status).toBe('fail')
  })

  it('a missing output, a missing case and an extra output fail', () => {
    const b = { 'generate.b': { sequences: tokens(7, 2) } }
    const reason = (cases: Record<string, NamedTensors>) =>
      greedyAgreement.judge(REFERENCE, outputs({ ...cases, ...b }), contextOf())
    expect(reason({ 'generate.a': {} })).toMatchObject({ status: 'fail', reason: 'output sequences of a is missing' })
    expect(reason({})).toMatchObject({ status: 'fail', reason: 'case generate.a is missing' })
    expect(judge(RIGHT, 'fp32', { scores: MARGINS })).toMatchObject({
      status: 'fail',
      reason: "output scores of a is not one of the reference's",
    })
  })

  it('margins of the device are no extra output', () => {
    expect(judge(RIGHT, 'fp32', { margins: f32([1, 4], () => 1) }).status).toBe('pass')
  })

  it('a difference where the reference gives no margin cannot be judged', () => {
    const reference = referenceOf({ 'generate.a': { sequences: RIGHT } })
    const device = outputs({ 'generate.a': { sequences: tokens(11, 12, 13, 3) } })
    expect(greedyAgreement.judge(reference, device, contextOf())).toMatchObject({ status: 'inconclusive' })
    expect(greedyAgreement.judge(reference, reference.outputs, contextOf()).status).toBe('pass')
  })

  it('is skipped without a reference or a case', () => {
    expect(greedyAgreement.judge(null, REFERENCE.outputs, contextOf()).status).toBe('skip')
    expect(greedyAgreement.judge(referenceOf({}), REFERENCE.outputs, contextOf()).status).toBe('skip')
  })
})
