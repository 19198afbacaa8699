import { describe, expect, it } from 'vitest'
import type { NamedTensors, TensorData } from '../tensor.ts'
import { toFloat32, tokenTensor } from '../tensor.ts'
import { RELATIVE_ERROR } from './defaults.ts'
import {
  asHalf,
  clearToken,
  contextOf,
  f32,
  mapped,
  outputs,
  PRECISIONS,
  referenceOf,
  reshaped,
  rounded,
  someLogits,
  swappedRows,
  TOKENS,
  truncated,
  VOCABULARY,
  withValue,
} from './fixtures.ts'
import { logitsParity } from './logits-parity.ts'

const A = someLogits(1)
const B = someLogits(2)
const REFERENCE = referenceOf({ 'logits.a': { logits: A }, 'logits.b': { logits: B } })

/** The verdict on a device that gives `b` for case b, and the truth for case a. */
function judge(b: TensorData, precision: Parameters<typeof contextOf>[0] = 'fp32') {
  return logitsParity.judge(
    REFERENCE,
    outputs({ 'logits.a': { logits: A }, 'logits.b': { logits: b } }),
    contextOf(precision),
  )
}

function judgeOutputs(cases: Readonly<Record<string, NamedTensors>>) {
  return logitsParity.judge(REFERENCE, outputs(cases), contextOf())
}

/** Position 3's clear token beaten by another by a hair: the reference is nearly tied there. */
const AT = 3 * VOCABULARY
const FIRST = AT + clearToken(2, 3)
const SECOND = FIRST + 1

describe('logits that pass', () => {
  it('the reference equals itself, with no error', () => {
    const result = judge(B)
    expect(result).toMatchObject({ status: 'pass', reason: null, samples: 2 * TOKENS, reference: 'ort:cpu fp32' })
    expect(result.metrics).toMatchObject({
      maxAbs: 0,
      relL2: 0,
      cosine: 1,
      snrDb: null,
      top1: 1,
      topk: 10,
      topkMin: 10,
      flips: 0,
    })
  })

  it.each(PRECISIONS)('errors of the size of rounding pass in %s', precision => {
    expect(judge(rounded(B, RELATIVE_ERROR[precision].limit / 2), precision).status).toBe('pass')
  })

  it('a flip of a near tie is counted and shown, and is no failure', () => {
    const tied = withValue(B, SECOND, 9.99999)
    const reference = referenceOf({ 'logits.b': { logits: tied } })
    const result = logitsParity.judge(
      reference,
      outputs({ 'logits.b': { logits: withValue(tied, SECOND, 10.00001) } }),
      contextOf(),
    )
    expect(result.status).toBe('pass')
    expect(result.metrics).toMatchObject({ flips: 0, nearTies: 1, top1: (TOKENS - 1) / TOKENS })
    expect(result.cases[0]?.details['nearTies']).toContain('position 3')
  })

  it('a masked token is -Infinity on both sides', () => {
    const masked = mapped(B, (value, i) => (i % VOCABULARY === 39 ? Number.NEGATIVE_INFINITY : value))
    const reference = referenceOf({ 'logits.b': { logits: masked } })
    expect(logitsParity.judge(reference, outputs({ 'logits.b': { logits: masked } }), contextOf()).status).toBe('pass')
  })

  it('outputs for a check of the device with itself are not extra', () => {
    expect(
      judgeOutputs({ 'logits.a': { logits: A, logits_again: A, logits_stepwise: A }, 'logits.b': { logits: B } })
        .status,
    ).toBe('pass')
  })

  it('a vocabulary of fewer than ten tokens is judged by its share', () => {
    const small = f32([1, 2, 4], i => (i * 7) % 5)
    const same = referenceOf({ 'logits.a': { logits: small } })
    expect(logitsParity.judge(same, same.outputs, contextOf()).status).toBe('pass')
  })
})

describe('logits that are wrong in value', () => {
  it('twice the logits fail, though cosine calls them equal', () => {
    const result = judge(mapped(B, value => 2 * value))
    expect(result.status).toBe('fail')
    expect(result.metrics['cosine']).toBeCloseTo(1, 12)
    const place = result.worst?.index ?? []
    expect(result.worst).toMatchObject({ case: 'logits.b', output: 'logits', reference: 10, device: 20 })
    expect(result.reason).toBe(
      `logits of b differ by relL2 1.00 (limit 1e-4), worst at [${place.join(', ')}]: 20 against 10`,
    )
  })

  it.each(PRECISIONS)('twice the logits fail in %s', precision => {
    expect(
      judge(
        mapped(B, value => 2 * value),
        precision,
      ).status,
    ).toBe('fail')
  })

  it.each(['fp32', 'fp16'] as const)('1.02 times the logits fail in %s', precision => {
    expect(
      judge(
        mapped(B, value => 1.02 * value),
        precision,
      ),
    ).toMatchObject({ status: 'fail', metrics: { top1: 1 } })
  })

  it('1.01 times the logits fail in fp32', () => {
    expect(judge(mapped(B, value => 1.01 * value)).reason).toContain('relL2 0.0100 (limit 1e-4)')
  })

  it('a constant added to all logits fails, though softmax does not see it', () => {
    expect(judge(mapped(B, value => value + 0.01))).toMatchObject({ status: 'fail', metrics: { top1: 1, topk: 10 } })
  })

  it.each(PRECISIONS)('two positions in each other’s place fail in %s', precision => {
    expect(judge(swappedRows(B, 2, 5), precision).status).toBe('fail')
  })

  it.each(PRECISIONS)('two prompts in each other’s place fail in %s', precision => {
    const swapped = outputs({ 'logits.a': { logits: B }, 'logits.b': { logits: A } })
    const result = logitsParity.judge(REFERENCE, swapped, contextOf(precision))
    expect(result.status).toBe('fail')
    expect(result.reason).toMatch(/^logits of a differ by relL2 .* \(and 1 more case\)$/)
  })

  it.each(PRECISIONS)('nothing but zeros fails in %s', precision => {
    expect(
      judge(
        mapped(B, () => 0),
        precision,
      ).status,
    ).toBe('fail')
  })

  it('one wrong position among many fails, where the whole hides it', () => {
    const long = f32([1, 2000, 16], i => 3 * Math.sin(i) + (i % 16 === 5 ? 9 : 0))
    const wrong = mapped(long, (value, i) => (i >= 16 * 77 && i < 16 * 78 ? value * 1.5 : value))
    const reference = referenceOf({ 'logits.long': { logits: long } })
    const result = logitsParity.judge(reference, outputs({ 'logits.long': { logits: wrong } }), contextOf('bf16'))
    expect(result.metrics['relL2']).toBeLessThan(RELATIVE_ERROR.bf16.limit)
    expect(result).toMatchObject({
      status: 'fail',
      reason: 'logits of long differ at position [0, 77] alone by relL2 0.500 (limit 0.400)',
    })
  })

  it('a flip against a wide margin fails within any relL2', () => {
    const wide = withValue(B, SECOND, 9)
    const reference = referenceOf({ 'logits.b': { logits: wide } })
    const flipped = withValue(wide, SECOND, 10.5)
    const result = logitsParity.judge(reference, outputs({ 'logits.b': { logits: flipped } }), contextOf('bf16'))
    expect(result.metrics['relL2']).toBeLessThan(RELATIVE_ERROR.bf16.limit)
    expect(result).toMatchObject({ status: 'fail', metrics: { flips: 1, nearTies: 0 } })
    expect(result.reason).toMatch(
      /^logits of b choose token 30 at position \[0, 3\] where the reference chooses 29 by 1.* \(noise 0\./,
    )
    expect(result.cases[0]?.details['flips']).toContain('30 for 29, margin 1')
  })

  it('a tie of two tokens does not excuse the choice of a third', () => {
    const tied = withValue(withValue(B, SECOND, 10), SECOND + 1, 9)
    const reference = referenceOf({ 'logits.b': { logits: tied } })
    const third = withValue(tied, SECOND + 1, 10.5)
    expect(logitsParity.judge(reference, outputs({ 'logits.b': { logits: third } }), contextOf('bf16'))).toMatchObject({
      status: 'fail',
      metrics: { flips: 1 },
    })
  })

  it('a top ten of which fewer than eight are shared fails', () => {
    // Alternately raised and lowered around the tenth place, by less than the relL2 limit allows.
    const even = f32([1, TOKENS, VOCABULARY], i => (i % VOCABULARY === 0 ? 8 : 4 + 0.001 * (i % VOCABULARY)))
    const stirred = mapped(even, (value, i) => (i % VOCABULARY === 0 ? value : value + 0.05 * Math.sin(i * 37)))
    const reference = referenceOf({ 'logits.even': { logits: even } })
    const result = logitsParity.judge(reference, outputs({ 'logits.even': { logits: stirred } }), contextOf('bf16'))
    expect(result).toMatchObject({ status: 'fail', metrics: { flips: 0 } })
    expect(result.reason).toMatch(/^logits of even share \d.* of the top 10 tokens on average \(limit 8\)$/)
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('one %d fails, at its place', value => {
    const result = judge(withValue(B, AT + 7, value), 'int4')
    expect(result).toMatchObject({
      status: 'fail',
      metrics: { nonFinite: 1 },
      worst: { index: [0, 3, 7], device: null },
    })
    expect(result.reason).toMatch(new RegExp(`^logits of b is ${value} at \\[0, 3, 7\\] where the reference is `))
  })
})

describe('logits that cannot be compared', () => {
  it('fewer positions fail', () => {
    expect(judge(truncated(B)).reason).toBe(
      'output logits of b has shape [1, 7, 40] where the reference has [1, 8, 40]',
    )
  })

  it('a transposed shape fails', () => {
    expect(judge(reshaped(B, [1, VOCABULARY, TOKENS])).reason).toContain('shape [1, 40, 8]')
  })

  it('the same numbers in another type fail', () => {
    const result = judge(asHalf(B))
    expect(result).toMatchObject({
      status: 'fail',
      reason: 'output logits of b has type f16 where the reference has f32',
    })
  })

  it('fewer bytes than the shape says fail', () => {
    expect(judge({ ...B, bytes: B.bytes.subarray(4) })).toMatchObject({ status: 'fail' })
  })

  it('a missing case fails', () => {
    expect(judgeOutputs({ 'logits.a': { logits: A } })).toMatchObject({
      status: 'fail',
      reason: 'case logits.b is missing',
    })
  })

  it('a missing output fails', () => {
    const result = judgeOutputs({ 'logits.a': { logits: A }, 'logits.b': {} })
    expect(result).toMatchObject({ status: 'fail', reason: 'output logits of b is missing' })
  })

  it('an extra output fails', () => {
    const result = judgeOutputs({ 'logits.a': { logits: A, hidden: A }, 'logits.b': { logits: B } })
    expect(result).toMatchObject({ status: 'fail', reason: "output hidden of a is not one of the reference's" })
  })

  it('no outputs at all fail', () => {
    expect(judgeOutputs({}).status).toBe('fail')
  })

  it('another output of the reference that the device lacks fails', () => {
    const reference = referenceOf({ 'logits.a': { logits: A, hidden: A } })
    expect(logitsParity.judge(reference, outputs({ 'logits.a': { logits: A } }), contextOf()).status).toBe('fail')
  })

  it('a case that the reference lacks cannot be judged', () => {
    const result = judgeOutputs({ 'logits.a': { logits: A }, 'logits.b': { logits: B }, 'logits.c': { logits: B } })
    expect(result).toMatchObject({ status: 'inconclusive', reason: 'the reference has no case logits.c' })
  })

  it('answers to other inputs cannot be judged, and token ids are the same in any integer type', () => {
    const cases = { 'logits.a': { logits: A } }
    const wide = { input_ids: tokenTensor([[1, 2, 3]]) }
    const narrow = {
      input_ids: { type: 'i32' as const, shape: [1, 3], bytes: new Uint8Array(Int32Array.of(1, 2, 3).buffer) },
    }
    const judgeInputs = (device: NamedTensors, logits = A) =>
      logitsParity.judge(referenceOf(cases, wide), outputs({ 'logits.a': { logits } }, device), contextOf())
    expect(judgeInputs(narrow).status).toBe('pass')
    expect(judgeInputs(narrow, B).status).toBe('fail')
    expect(judgeInputs({ input_ids: { ...narrow.input_ids, bytes: new Uint8Array(4) } }).status).toBe('inconclusive')
    expect(judgeInputs({ input_ids: tokenTensor([[1, 2, 4]]) }, B)).toMatchObject({
      status: 'inconclusive',
      reason: 'the reference answered a for another input_ids',
    })
  })
})

describe('a reference that is broken', () => {
  const broken = withValue(B, AT + 7, Number.NaN)
  const reference = referenceOf({ 'logits.b': { logits: broken } })

  it('NaN on both sides is inconclusive', () => {
    const result = logitsParity.judge(reference, outputs({ 'logits.b': { logits: broken } }), contextOf())
    expect(result).toMatchObject({
      status: 'inconclusive',
      reason: 'the reference itself is NaN at [0, 3, 7] of logits of b',
    })
  })

  it('NaN where the device has a number is inconclusive too', () => {
    const result = logitsParity.judge(reference, outputs({ 'logits.b': { logits: B } }), contextOf())
    expect(result).toMatchObject({ status: 'inconclusive', metrics: { nonFinite: 0 } })
  })

  it('does not hide a fault elsewhere', () => {
    const worse = withValue(broken, AT + 9, Number.POSITIVE_INFINITY)
    const result = logitsParity.judge(reference, outputs({ 'logits.b': { logits: worse } }), contextOf())
    expect(result.status).toBe('fail')
    expect(result.reason).toContain('is Infinity at [0, 3, 9]')
  })

  it('fewer bytes than its shape says are inconclusive', () => {
    const short = referenceOf({ 'logits.b': { logits: { ...B, bytes: B.bytes.subarray(4) } } })
    expect(logitsParity.judge(short, outputs({ 'logits.b': { logits: B } }), contextOf())).toMatchObject({
      status: 'inconclusive',
      reason: 'output logits of b does not have the bytes of its shape in the reference',
    })
  })

  it('NaN everywhere is inconclusive', () => {
    const nothing = mapped(B, () => Number.NaN)
    const all = referenceOf({ 'logits.b': { logits: nothing } })
    expect(logitsParity.judge(all, all.outputs, contextOf()).status).toBe('inconclusive')
  })

  it('empty logits on both sides are inconclusive', () => {
    const none = referenceOf({ 'logits.b': { logits: f32([1, 0, 40], () => 0) } })
    expect(logitsParity.judge(none, none.outputs, contextOf()).status).toBe('inconclusive')
  })
})

describe('the whole', () => {
  it('without a reference it is skipped, with the reason given', () => {
    const result = logitsParity.judge(
      null,
      REFERENCE.outputs,
      contextOf('fp32', { noReference: 'ort:cpu is the reference' }),
    )
    expect(result).toMatchObject({ status: 'skip', reason: 'ort:cpu is the reference', reference: null })
  })

  it('without a case it is skipped', () => {
    expect(logitsParity.judge(referenceOf({}), outputs({}), contextOf()).status).toBe('skip')
  })

  it('counts every error in its histogram, over all cases', () => {
    const { histogram } = judge(mapped(B, value => 2 * value))
    const counted = (histogram?.counts.reduce((a, b) => a + b, 0) ?? 0) + (histogram?.zeros ?? 0)
    expect(counted).toBe(toFloat32(A).length + toFloat32(B).length)
  })

  it('says that 16 positions could not have shown a fault in fewer than 17 % of positions', () => {
    expect(judge(B).smallestDrop).toBeCloseTo(0.1707, 4)
  })
})
