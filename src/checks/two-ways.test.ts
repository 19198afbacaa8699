import { describe, expect, it } from 'vitest'
import type { NamedTensors, TensorData } from '../tensor.ts'
import { SELF_RELATIVE_ERROR } from './defaults.ts'
import {
  asHalf,
  contextOf,
  mapped,
  outputs,
  PRECISIONS,
  rounded,
  someLogits,
  truncated,
  withValue,
} from './fixtures.ts'
import { checks } from './index.ts'

const A = someLogits(2)

describe.each([
  ['batch-invariance', 'batch', 'logits', 'logits_batched', 'the row alone'],
  ['padding', 'padding', 'logits', 'logits_padded', 'the row alone'],
  ['rotary', 'rotary', 'logits', 'logits_shifted', 'positions from 0'],
  ['sliding-window', 'window', 'outside', 'outside_changed', 'another token outside the window'],
] as const)('%s', (name, kind, plain, output, against) => {
  const judgeCase = (tensors: NamedTensors, precision: Parameters<typeof contextOf>[0] = 'fp32') =>
    checks[name].judge(null, outputs({ [`${kind}.a`]: tensors }), contextOf(precision))
  const judge = (other: TensorData, precision: Parameters<typeof contextOf>[0] = 'fp32') =>
    judgeCase({ [plain]: A, [output]: other }, precision)

  it('passes for the same bits', () => {
    expect(judge(A)).toMatchObject({
      status: 'pass',
      reason: null,
      reference: null,
      samples: 8,
      metrics: { relL2: 0, differingElements: 0 },
      cases: [{ details: {} }],
    })
  })

  it.each(PRECISIONS)('passes for other bits within the noise of %s, counted and shown', precision => {
    const other = rounded(A, SELF_RELATIVE_ERROR[precision].limit / 2)
    const result = judge(other, precision)
    expect(result.status).toBe('pass')
    expect(result.metrics['differingElements']).toBeGreaterThan(300)
    expect(result.cases[0]?.details['bits']).toMatch(/^other bits in 3\d\d elements, off by .* at most$/)
  })

  it('counts the elements whose bits differ', () => {
    expect(judge(withValue(A, 45, 1.5)).metrics['differingElements']).toBe(1)
  })

  it.each(PRECISIONS)('fails for twice the values and for zeros in %s', precision => {
    const twice = mapped(A, value => 2 * value)
    expect(judge(twice, precision).status).toBe('fail')
    const zeros = mapped(A, () => 0)
    expect(judge(zeros, precision).status).toBe('fail')
  })

  it('fails for 1.01 times the values in fp32, and names what they are held against', () => {
    const { status, reason } = judge(mapped(A, value => 1.01 * value))
    expect(status).toBe('fail')
    expect(reason).toContain(`${output} of a differ by relL2 0.0100 (limit 1e-4)`)
  })

  it('fails for NaN on either side, and on both', () => {
    const broken = withValue(A, 45, Number.NaN)
    expect(judge(broken).status).toBe('fail')
    expect(judgeCase({ [plain]: broken, [output]: A }).status).toBe('fail')
    expect(judgeCase({ [plain]: broken, [output]: broken }).status).toBe('fail')
  })

  it('fails for another shape or type, bytes that lack, and a missing output', () => {
    expect(judge(truncated(A)).reason).toBe(
      `output ${output} of a has shape [1, 7, 40] where ${against} has [1, 8, 40]`,
    )
    expect(judge(asHalf(A)).status).toBe('fail')
    expect(judge({ ...A, bytes: A.bytes.subarray(4) }).status).toBe('fail')
    expect(judgeCase({ [plain]: A }).reason).toBe(`output ${output} of a is missing`)
    expect(judgeCase({ [output]: A }).reason).toBe(`output ${plain} of a is missing`)
  })

  it('is skipped where the device cannot, with what it said, and where there is no case, with the reason', () => {
    const refused = new Map([[`${kind}.a`, { inputs: {}, outputs: {}, refused: 'takes no mask' }]])
    const result = checks[name].judge(null, refused, contextOf())
    expect(result).toMatchObject({ status: 'skip', reason: 'takes no mask', samples: 0, metrics: {} })
    const absent = new Map([[kind, 'there is no text']])
    expect(checks[name].judge(null, outputs({}), contextOf('fp32', { absent }))).toMatchObject({
      status: 'skip',
      reason: 'there is no text',
    })
  })
})
