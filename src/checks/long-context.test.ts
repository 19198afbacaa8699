import { describe, expect, it } from 'vitest'
import { type NamedTensors, type TensorData, tokenTensor } from '../tensor.ts'
import type { CaseOutputs } from './check.ts'
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
  swappedRows,
  truncated,
  VOCABULARY,
  withValue,
} from './fixtures.ts'
import { longContext } from './long-context.ts'

const A = someLogits(1)
const PLACES = [0, 1, 63, 64, 127, 128, 511, 1023]
const INPUTS = { input_ids: tokenTensor([[1, 2]]), sampled_positions: tokenTensor([PLACES]) }
const ID = 'long-context.1024'

const judgeCase = (given: NamedTensors, precision: Parameters<typeof contextOf>[0] = 'fp32') =>
  longContext.judge(
    referenceOf({ [ID]: { sampled_logits: A } }, INPUTS),
    outputs({ [ID]: given }, INPUTS),
    contextOf(precision),
  )
const judge = (given: TensorData, precision?: Parameters<typeof contextOf>[0]) =>
  judgeCase({ sampled_logits: given }, precision)

describe('logits at sampled positions of a long text', () => {
  it('pass where they are the reference’s', () => {
    expect(judge(A)).toMatchObject({ status: 'pass', reason: null, samples: 8, reference: 'ort:cpu fp32' })
  })

  it.each(PRECISIONS)('pass for errors of the size of rounding in %s', precision => {
    expect(judge(rounded(A, RELATIVE_ERROR[precision].limit / 2), precision).status).toBe('pass')
  })

  it('fail from some position on, and say from which', () => {
    const late = mapped(A, (value, i) => (i < 4 * VOCABULARY ? value : -value))
    for (const precision of PRECISIONS) {
      const result = judge(late, precision)
      expect(result.status).toBe('fail')
      expect(result.cases[0]?.details['wrongPositions']).toBe('127; 128; 511; 1023')
    }
  })

  it('fail at the last position alone, which the mean over all does not show', () => {
    const last = mapped(A, (value, i) => (i < 7 * VOCABULARY ? value : value + 0.01))
    const result = judge(last)
    expect(result.status).toBe('fail')
    expect(result.cases[0]?.details['wrongPositions']).toBe('1023')
  })

  it('fail for twice the values, zeros, swapped positions, NaN', () => {
    for (const wrong of [mapped(A, v => 2 * v), mapped(A, () => 0), swappedRows(A, 1, 6), withValue(A, 50, Number.NaN)])
      expect(judge(wrong).status).toBe('fail')
  })

  it('fail for fewer positions, another type, an output or the case missing', () => {
    expect(judge(truncated(A)).reason).toBe(
      'output sampled_logits of 1024 has shape [1, 7, 40] where the reference has [1, 8, 40]',
    )
    expect(judge(asHalf(A)).status).toBe('fail')
    expect(judgeCase({}).reason).toBe('output sampled_logits of 1024 is missing')
    const missing = longContext.judge(referenceOf({ [ID]: { sampled_logits: A } }), outputs({}), contextOf())
    expect(missing).toMatchObject({ status: 'fail', reason: `case ${ID} is missing` })
  })

  it('cannot be judged by a reference of other positions', () => {
    const reference = referenceOf({ [ID]: { sampled_logits: A } }, INPUTS)
    const others = { ...INPUTS, sampled_positions: tokenTensor([PLACES.map(place => place + 1)]) }
    expect(longContext.judge(reference, outputs({ [ID]: { sampled_logits: A } }, others), contextOf())).toMatchObject({
      status: 'inconclusive',
      reason: 'the reference answered 1024 for another sampled_positions',
    })
  })
})

describe('a text that takes too much', () => {
  const refused = (reason: string) => ({ inputs: INPUTS, outputs: {}, refused: reason })

  it('is skipped with the figures, and a shorter one is judged', () => {
    const device = new Map<string, CaseOutputs>([
      ['long-context.8192', refused('8192 tokens in one pass take 7 TFLOP')],
      [ID, { inputs: INPUTS, outputs: { sampled_logits: A } }],
    ])
    const result = longContext.judge(referenceOf({ [ID]: { sampled_logits: A } }, INPUTS), device, contextOf())
    expect(result.status).toBe('pass')
    expect(result.cases.map(({ id, status, reason }) => [id, status, reason])).toEqual([
      [ID, 'pass', null],
      ['long-context.8192', 'skip', '8192 tokens in one pass take 7 TFLOP'],
    ])
  })

  it('is the reason of a skip where there is no other', () => {
    const absent = new Map([['long-context', '4096 tokens in one pass take 59 TFLOP']])
    expect(longContext.judge(referenceOf({}), outputs({}), contextOf('fp32', { absent }))).toMatchObject({
      status: 'skip',
      reason: '4096 tokens in one pass take 59 TFLOP',
    })
  })

  it('is skipped without a reference, and by one that has no such case', () => {
    const device = outputs({ [ID]: { sampled_logits: A } }, INPUTS)
    expect(longContext.judge(null, device, contextOf('fp32', { noReference: 'it is the reference' }))).toMatchObject({
      status: 'skip',
      reason: 'it is the reference',
    })
    expect(longContext.judge(referenceOf({ 'logits.a': { logits: A } }), device, contextOf())).toMatchObject({
      status: 'skip',
      reason: 'the reference has no case long-context.*',
    })
  })
})
