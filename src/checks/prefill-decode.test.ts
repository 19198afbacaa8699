import { describe, expect, it } from 'vitest'
import type { NamedTensors, TensorData } from '../tensor.ts'
import { SELF_RELATIVE_ERROR } from './defaults.ts'
import {
  asHalf,
  contextOf,
  f32,
  mapped,
  outputs,
  PRECISIONS,
  reshaped,
  rounded,
  someLogits,
  swappedRows,
  truncated,
  VOCABULARY,
  withValue,
} from './fixtures.ts'
import { prefillDecode } from './prefill-decode.ts'

const A = someLogits(2)

function judgeCase(case_: NamedTensors, precision: Parameters<typeof contextOf>[0] = 'fp32') {
  return prefillDecode.judge(null, outputs({ 'stepwise.a': case_ }), contextOf(precision))
}

function judge(stepwise: TensorData, precision: Parameters<typeof contextOf>[0] = 'fp32') {
  return judgeCase({ logits: A, logits_stepwise: stepwise }, precision)
}

describe('a prompt in one pass and token by token', () => {
  it('passes where both are the same', () => {
    expect(judge(A)).toMatchObject({ status: 'pass', reason: null, reference: null, samples: 8, metrics: { relL2: 0 } })
  })

  it.each(PRECISIONS)('passes for errors of the size of rounding in %s', precision => {
    expect(judge(rounded(A, SELF_RELATIVE_ERROR[precision].limit / 2), precision).status).toBe('pass')
  })

  it('allows int4 no more than its activations round, since the weights are the same', () => {
    expect(
      judge(
        mapped(A, value => 1.1 * value),
        'int4',
      ).status,
    ).toBe('fail')
  })

  it.each(PRECISIONS)('fails for twice the values, zeros, and positions in each other’s place in %s', precision => {
    expect(
      judge(
        mapped(A, value => 2 * value),
        precision,
      ).status,
    ).toBe('fail')
    expect(
      judge(
        mapped(A, () => 0),
        precision,
      ).status,
    ).toBe('fail')
    expect(judge(swappedRows(A, 0, 7), precision).status).toBe('fail')
  })

  it('fails for 1.01 times the values and for a constant more in fp32, and says where', () => {
    const result = judge(mapped(A, value => value * 1.01))
    expect(result.reason).toMatch(
      /^logits_stepwise of a differ by relL2 0\.0100 \(limit 1e-4\), worst at \[0, \d, \d+\]: 10\.1 against 10$/,
    )
    expect(result.worst).toMatchObject({ case: 'stepwise.a', output: 'logits_stepwise' })
    expect(judge(mapped(A, value => value + 0.01)).status).toBe('fail')
  })

  it('fails for positions that are each one late, as with a cache off by one', () => {
    const late = mapped(A, (_, i) => valueAt(A, Math.max(0, i - VOCABULARY)))
    expect(judge(late, 'int4').status).toBe('fail')
  })

  it('fails for a flip against a wide margin, and not for a near tie', () => {
    const at = 3 * VOCABULARY
    const [first, second] = [at + 29, at + 30]
    const wide = withValue(A, second, 9)
    expect(judgeCase({ logits: wide, logits_stepwise: withValue(wide, second, 10.5) }, 'int8')).toMatchObject({
      status: 'fail',
      metrics: { flips: 1 },
      reason: expect.stringMatching(
        /^logits_stepwise of a choose token 30 at position \[0, 3\] where the whole prompt chooses 29/,
      ),
    })
    const close = withValue(withValue(A, first, 10), second, 9.9999)
    expect(judgeCase({ logits: close, logits_stepwise: withValue(close, second, 10.0001) })).toMatchObject({
      status: 'pass',
      metrics: { nearTies: 1 },
    })
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('fails for one %d in either way', value => {
    const broken = withValue(A, 45, value)
    expect(judge(broken)).toMatchObject({ status: 'fail', worst: { index: [0, 1, 5] } })
    expect(judgeCase({ logits: broken, logits_stepwise: A }).status).toBe('fail')
  })

  it('fails for NaN in both ways: both are the device’s own', () => {
    const broken = withValue(A, 45, Number.NaN)
    expect(judgeCase({ logits: broken, logits_stepwise: broken })).toMatchObject({
      status: 'fail',
      reason: 'the whole prompt itself is NaN at [0, 1, 5] of logits_stepwise of a',
    })
  })

  it('fails for another shape, fewer positions, another type, bytes that lack', () => {
    expect(judge(reshaped(A, [1, 40, 8])).status).toBe('fail')
    expect(judge(truncated(A)).reason).toBe(
      'output logits_stepwise of a has shape [1, 7, 40] where the whole prompt has [1, 8, 40]',
    )
    expect(judge(asHalf(A)).status).toBe('fail')
    expect(judge({ ...A, bytes: A.bytes.subarray(4) }).status).toBe('fail')
    expect(judgeCase({ logits: { ...A, bytes: A.bytes.subarray(4) }, logits_stepwise: A }).status).toBe('fail')
  })

  it('fails for a missing output', () => {
    expect(judgeCase({ logits: A }).reason).toBe('output logits_stepwise of a is missing')
    expect(judgeCase({ logits_stepwise: A }).reason).toBe('output logits of a is missing')
    expect(judgeCase({}).status).toBe('fail')
  })

  it('cannot judge empty logits', () => {
    const none = f32([1, 0, 40], () => 0)
    expect(judgeCase({ logits: none, logits_stepwise: none }).status).toBe('inconclusive')
  })

  it('is skipped without a case', () => {
    expect(prefillDecode.judge(null, outputs({ 'logits.a': { logits: A } }), contextOf()).status).toBe('skip')
  })
})

function valueAt(tensor: TensorData, index: number): number {
  return new DataView(tensor.bytes.buffer, tensor.bytes.byteOffset).getFloat32(4 * index, true)
}
