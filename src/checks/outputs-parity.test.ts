import { describe, expect, it } from 'vitest'
import { type NamedTensors, type TensorData, tensorOf } from '../tensor.ts'
import { RELATIVE_ERROR } from './defaults.ts'
import {
  asHalf,
  contextOf,
  f32,
  mapped,
  outputs,
  PRECISIONS,
  randomFrom,
  referenceOf,
  reshaped,
  rounded,
  swappedRows,
  truncated,
  withValue,
} from './fixtures.ts'
import { outputsParity } from './outputs-parity.ts'

const random = randomFrom(5)
const BOXES = f32([2, 50, 4], () => 300 + 200 * random())
const CLASSES = tensorOf(
  [2, 50],
  BigInt64Array.from({ length: 100 }, (_, i) => BigInt(i % 7)),
)
const KEPT: TensorData = { type: 'bool', shape: [50], bytes: Uint8Array.from({ length: 50 }, (_, i) => i % 2) }
const REFERENCE = referenceOf({
  'data.0': { boxes: BOXES, classes: CLASSES, kept: KEPT },
  'data.1': { boxes: mapped(BOXES, value => value + 31), classes: CLASSES, kept: KEPT },
})
const SECOND = REFERENCE.outputs.get('data.1')?.outputs ?? {}

function judge(change: NamedTensors, precision: Parameters<typeof contextOf>[0] = 'fp32') {
  const device = outputs({ 'data.0': { boxes: BOXES, classes: CLASSES, kept: KEPT, ...change }, 'data.1': SECOND })
  return outputsParity.judge(REFERENCE, device, contextOf(precision))
}

/** One output alone on both sides. */
function judgeAlone(reference: TensorData, device: TensorData, precision: Parameters<typeof contextOf>[0] = 'fp32') {
  return outputsParity.judge(
    referenceOf({ 'data.0': { y: reference } }),
    outputs({ 'data.0': { y: device } }),
    contextOf(precision),
  )
}

describe('outputs of any model', () => {
  it('the reference equals itself', () => {
    const result = judge({})
    expect(result).toMatchObject({ status: 'pass', reason: null, samples: 1100 })
    expect(result.metrics).toMatchObject({ maxAbs: 0, relL2: 0, elementError: 0, differingIntegers: 0, nonFinite: 0 })
  })

  it.each(PRECISIONS)('errors of the size of rounding pass in %s', precision => {
    expect(judge({ boxes: rounded(BOXES, RELATIVE_ERROR[precision].limit / 2) }, precision).status).toBe('pass')
  })

  it('rounding errors of large values do not fail the small ones beside them', () => {
    const mixed = f32([1000], i => (i === 0 ? 1e-6 : 100 * Math.sin(i)))
    expect(
      judgeAlone(
        mixed,
        mapped(mixed, value => value + 1e-3),
      ).status,
    ).toBe('pass')
  })

  it.each(PRECISIONS)('twice the values, zeros and cases in each other’s place fail in %s', precision => {
    expect(judge({ boxes: mapped(BOXES, value => 2 * value) }, precision).status).toBe('fail')
    expect(judge({ boxes: mapped(BOXES, () => 0) }, precision).status).toBe('fail')
  })

  it('1.01 times the values fail in fp32, with the place', () => {
    const result = judge({ boxes: mapped(BOXES, value => 1.01 * value) })
    expect(result.status).toBe('fail')
    expect(result.reason).toMatch(
      /^boxes of 0 differs by relL2 0\.0100 \(limit 1e-4\), worst at \[\d, \d+, \d\]: \S+ against \S+$/,
    )
    expect(result.worst).toMatchObject({ case: 'data.0', output: 'boxes' })
  })

  it('a constant added fails', () => {
    expect(judge({ boxes: mapped(BOXES, value => value + 1) }).status).toBe('fail')
  })

  it('rows, and cases, in each other’s place fail', () => {
    expect(judge({ boxes: swappedRows(BOXES, 3, 60) }).status).toBe('fail')
    const first = REFERENCE.outputs.get('data.0')?.outputs ?? {}
    const swapped = outputs({ 'data.0': SECOND, 'data.1': first })
    expect(outputsParity.judge(REFERENCE, swapped, contextOf())).toMatchObject({
      status: 'fail',
      reason: expect.stringMatching(/^boxes of 0 .* \(and 1 more case\)$/),
    })
  })

  it('one wrong element in a hundred thousand fails, where the whole hides it', () => {
    const large = f32([100, 1000], i => 1 + Math.sin(i))
    const result = judgeAlone(large, withValue(large, 54_321, 3), 'fp16')
    expect(result.metrics['relL2']).toBeLessThan(RELATIVE_ERROR.fp16.limit)
    expect(result.status).toBe('fail')
    expect(result.reason).toMatch(
      /^y of 0 differs at one element by \S+ of its size \(limit 0\.100\), at \[54, 321\]: 3 against /,
    )
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('one %d fails, at its place', value => {
    const result = judge({ boxes: withValue(BOXES, 205, value) }, 'int4')
    expect(result).toMatchObject({
      status: 'fail',
      metrics: { nonFinite: 1 },
      worst: { output: 'boxes', index: [1, 1, 1], device: null },
    })
    expect(result.reason).toMatch(/^boxes of 0 is \S+ at \[1, 1, 1\] where the reference is \d/)
  })

  it('NaN on both sides is inconclusive; the same infinity is agreement', () => {
    const nan = withValue(BOXES, 7, Number.NaN)
    expect(judgeAlone(nan, nan).status).toBe('inconclusive')
    const masked = withValue(BOXES, 7, Number.NEGATIVE_INFINITY)
    expect(judgeAlone(masked, masked).status).toBe('pass')
    expect(judgeAlone(masked, withValue(BOXES, 7, Number.POSITIVE_INFINITY)).status).toBe('fail')
  })

  describe('where the reference is stated by the author of the model', () => {
    const NaNs = withValue(BOXES, 7, Number.NaN)
    const stated = (reference: TensorData, device: TensorData) =>
      outputsParity.judge(
        referenceOf({ 'data.0': { y: reference } }),
        outputs({ 'data.0': { y: device } }),
        contextOf('fp32', { isStated: true }),
      )

    it('NaN and infinities agree at the same places', () => {
      expect(stated(NaNs, NaNs).status).toBe('pass')
      const nothingElse = f32([3], i => [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY][i] ?? 0)
      expect(stated(nothingElse, nothingElse).status).toBe('pass')
    })

    it('a number where NaN is stated, NaN where a number is, and another infinity fail at their place', () => {
      expect(stated(NaNs, withValue(NaNs, 7, 3)).reason).toBe('y of 0 is 3 at [0, 1, 3] where the reference is NaN')
      expect(stated(NaNs, withValue(NaNs, 9, Number.NaN)).reason).toMatch(
        /^y of 0 is NaN at \[0, 2, 1\] where .* is \d/,
      )
      const masked = withValue(BOXES, 7, Number.NEGATIVE_INFINITY)
      expect(stated(masked, withValue(BOXES, 7, Number.POSITIVE_INFINITY)).status).toBe('fail')
      expect(stated(masked, NaNs).status).toBe('fail')
    })

    it('a wrong number beside NaN fails', () => {
      expect(stated(NaNs, withValue(NaNs, 8, -1000)).status).toBe('fail')
    })

    it('no element agrees with no element of that shape alone', () => {
      const none = f32([0, 4], () => 0)
      expect(stated(none, none).status).toBe('pass')
      expect(
        stated(
          none,
          f32([0, 5], () => 0),
        ).status,
      ).toBe('fail')
    })
  })

  it('one integer, one truth value that differs fails at any precision', () => {
    const other = tensorOf(
      [2, 50],
      BigInt64Array.from({ length: 100 }, (_, i) => BigInt(i === 51 ? 6 : i % 7)),
    )
    expect(judge({ classes: other }, 'int4')).toMatchObject({
      status: 'fail',
      reason: 'classes of 0 differs in 1 of 100 elements, first at [1, 1]: 6 against 2',
      metrics: { differingIntegers: 1 },
      worst: { output: 'classes', index: [1, 1], reference: 2, device: 6 },
    })
    expect(judge({ kept: { ...KEPT, bytes: KEPT.bytes.map(value => 1 - value) } }).status).toBe('fail')
  })

  it('integers of every type are compared', () => {
    for (const [type, bytes] of [
      ['i16', 2],
      ['u16', 2],
      ['u32', 4],
      ['u64', 8],
      ['i8', 1],
      ['i32', 4],
    ] as const) {
      const of = (value: number): TensorData => ({ type, shape: [1], bytes: new Uint8Array(bytes).fill(value, 0, 1) })
      expect(judgeAlone(of(3), of(3)).status).toBe('pass')
      expect(judgeAlone(of(3), of(4)).reason).toBe('y of 0 differs in 1 of 1 elements, first at [0]: 4 against 3')
    }
  })

  it('half-precision outputs on both sides are compared by value', () => {
    const half = asHalf(f32([20], i => i + 1))
    expect(judgeAlone(half, half, 'fp16').status).toBe('pass')
    expect(judgeAlone(half, asHalf(f32([20], i => 2 * (i + 1))), 'fp16').status).toBe('fail')
  })

  it('another shape, a missing row, another type, bytes that lack fail', () => {
    expect(judge({ boxes: reshaped(BOXES, [2, 4, 50]) }).reason).toBe(
      'output boxes of 0 has shape [2, 4, 50] where the reference has [2, 50, 4]',
    )
    expect(judge({ boxes: truncated(f32([1, 100, 4], () => 1)) }).status).toBe('fail')
    expect(judge({ boxes: asHalf(BOXES) }).reason).toContain('has type f16')
    expect(judge({ boxes: { ...BOXES, bytes: BOXES.bytes.subarray(4) } }).status).toBe('fail')
    expect(judge({ boxes: f32([0], () => 0) }).status).toBe('fail')
  })

  it('a missing case, a missing output and an extra output fail', () => {
    const judgeCases = (cases: Record<string, NamedTensors>) =>
      outputsParity.judge(REFERENCE, outputs(cases), contextOf())
    expect(judgeCases({ 'data.1': SECOND }).reason).toBe('case data.0 is missing')
    expect(judgeCases({ 'data.0': { boxes: BOXES, classes: CLASSES }, 'data.1': SECOND }).reason).toBe(
      'output kept of 0 is missing',
    )
    expect(judgeCases({ 'data.0': {}, 'data.1': SECOND }).status).toBe('fail')
    expect(judge({ scores: BOXES }).reason).toBe("output scores of 0 is not one of the reference's")
  })

  it('nothing found on both sides agrees, beside an output that is there', () => {
    const none = f32([0, 4], () => 0)
    const found = { 'data.0': { boxes: none, kept: KEPT } }
    expect(outputsParity.judge(referenceOf(found), outputs(found), contextOf()).status).toBe('pass')
    expect(judgeAlone(none, none).status).toBe('inconclusive')
  })

  it('a reference of zeros is met by zeros alone', () => {
    const zeros = f32([8], () => 0)
    expect(judgeAlone(zeros, zeros).status).toBe('pass')
    expect(judgeAlone(zeros, withValue(zeros, 3, 1e-6)).status).toBe('fail')
  })

  it('is skipped without a reference or a case', () => {
    expect(outputsParity.judge(null, REFERENCE.outputs, contextOf()).status).toBe('skip')
    expect(outputsParity.judge(referenceOf({}), REFERENCE.outputs, contextOf()).status).toBe('skip')
  })
})
