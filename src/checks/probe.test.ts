import { describe, expect, it } from 'vitest'
import { type NamedTensors, type TensorData, tokenTensor } from '../tensor.ts'
import { SELF_RELATIVE_ERROR } from './defaults.ts'
import {
  asHalf,
  contextOf,
  f32,
  mapped,
  outputs,
  PRECISIONS,
  rounded,
  someLogits,
  truncated,
  withValue,
} from './fixtures.ts'
import { checks } from './index.ts'

const A = someLogits(3)

/** The control of a probe: what must not be the same. */
describe.each([
  ['rotary', 'rotary', 'logits', 'logits_stretched'],
  ['sliding-window', 'window', 'inside', 'inside_changed'],
] as const)('%s', (name, kind, plain, output) => {
  type Precision = Parameters<typeof contextOf>[0]
  const judgeCase = (tensors: NamedTensors, precision: Precision = 'fp32') =>
    checks[name].judge(null, outputs({ [`${kind}.a`]: tensors }), contextOf(precision))
  const judge = (other: TensorData, precision?: Precision) => judgeCase({ [plain]: A, [output]: other }, precision)

  it.each(PRECISIONS)('passes for a change beyond the noise of %s, and says how large it is', precision => {
    const { limit } = SELF_RELATIVE_ERROR[precision]
    const result = judge(
      mapped(A, value => value * (1 + 2 * limit)),
      precision,
    )
    expect(result).toMatchObject({ status: 'pass', reason: null, samples: 1 })
    expect(result.metrics['change']).toBeCloseTo(2 * limit, 6)
    expect(result.thresholds['change']).toMatchObject({ limit, comparison: 'at-least' })
  })

  it('fails for no change at all', () => {
    expect(judge(A)).toMatchObject({ status: 'fail', reason: expect.stringContaining('bit for bit') })
  })

  it('cannot tell a change within the noise from rounding', () => {
    const faint = rounded(A, SELF_RELATIVE_ERROR.fp16.limit / 2)
    expect(judge(faint, 'fp16')).toMatchObject({
      status: 'inconclusive',
      reason: expect.stringMatching(/^a: the logits change by relL2 .*, which rounding might explain/),
    })
    expect(judge(faint, 'fp32').status).toBe('pass')
  })

  it('says the smallest of several changes', () => {
    const by = (factor: number) => ({ [plain]: A, [output]: mapped(A, value => value * factor) })
    const result = checks[name].judge(null, outputs({ [`${kind}.a`]: by(3), [`${kind}.b`]: by(1.5) }), contextOf())
    expect(result.metrics['change']).toBeCloseTo(0.5, 6)
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('fails for %d on either side', value => {
    const broken = withValue(
      mapped(A, old => 2 * old),
      9,
      value,
    )
    expect(judge(broken).status).toBe('fail')
    expect(judgeCase({ [plain]: broken, [output]: A }).status).toBe('fail')
  })

  it('fails for another shape or type, no floats, no elements, bytes that lack, and a missing output', () => {
    expect(judge(truncated(A)).status).toBe('fail')
    expect(judge(asHalf(A)).status).toBe('fail')
    expect(judge({ ...A, bytes: A.bytes.subarray(4) }).status).toBe('fail')
    expect(judgeCase({ [plain]: { ...A, bytes: A.bytes.subarray(4) }, [output]: A }).status).toBe('fail')
    const ids = { [plain]: tokenTensor([[1, 2]]), [output]: tokenTensor([[1, 3]]) }
    expect(judgeCase(ids).status).toBe('fail')
    const none = f32([1, 0, 40], () => 0)
    expect(judgeCase({ [plain]: none, [output]: none }).status).toBe('fail')
    expect(judgeCase({ [output]: A }).reason).toBe(`output ${plain} of a is missing`)
    expect(judgeCase({ [plain]: A }).status).toBe('fail')
    expect(judgeCase({}).status).toBe('fail')
  })
})
