import { describe, expect, it } from 'vitest'
import type { NamedTensors, TensorData } from '../tensor.ts'
import {
  asHalf,
  contextOf,
  f32,
  mapped,
  outputs,
  PRECISIONS,
  randomFrom,
  referenceOf,
  rounded,
  withValue,
} from './fixtures.ts'
import { perplexity } from './perplexity.ts'

const WIDTH = 63

/** Negative log-likelihoods as a small language model gives them: 0 to 4 nats. */
function someNll(seed: number): TensorData {
  const random = randomFrom(seed)
  return f32([1, WIDTH], () => (1 + random()) ** 2)
}

const A = someNll(1)
const B = someNll(2)
const REFERENCE = referenceOf({ 'perplexity.0': { nll: A }, 'perplexity.1': { nll: B } })

function judge(b: TensorData, precision: Parameters<typeof contextOf>[0] = 'fp32') {
  return judgeCases({ 'perplexity.0': { nll: A }, 'perplexity.1': { nll: b } }, precision)
}

function judgeCases(
  cases: Readonly<Record<string, NamedTensors>>,
  precision: Parameters<typeof contextOf>[0] = 'fp32',
) {
  return perplexity.judge(REFERENCE, outputs(cases), contextOf(precision))
}

describe('perplexity', () => {
  it('is exp of the mean over all windows, and log2 of it is the bits per token', () => {
    const [x, y] = [f32([1, 2], () => Math.log(4)), f32([1, 4], () => Math.log(4))]
    const same = referenceOf({ 'perplexity.0': { nll: x }, 'perplexity.1': { nll: y } })
    const { metrics, samples } = perplexity.judge(same, same.outputs, contextOf())
    expect(metrics['perplexity']).toBeCloseTo(4, 5)
    expect(metrics['bitsPerToken']).toBeCloseTo(2, 6)
    expect(samples).toBe(6)
  })

  it('the reference equals itself', () => {
    const result = judge(B)
    expect(result).toMatchObject({ status: 'pass', reason: null, smallestDrop: 0, samples: 2 * WIDTH })
    expect(result.metrics).toMatchObject({ perplexityDifference: 0, meanNllDifference: 0, nllStandardError: 0 })
  })

  it.each(PRECISIONS)('errors of the size of rounding pass in %s', precision => {
    expect(judge(rounded(B, 1e-4), precision).status).toBe('pass')
  })

  it('the paired standard error is that of the differences', () => {
    // Differences of +0.1 and -0.1 in turn over n = 126 tokens: variance 0.01 n / (n - 1), error sqrt(0.01 / (n - 1)).
    const even = f32([1, 126], () => 2)
    const shaken = f32([1, 126], i => 2 + (i % 2 === 0 ? 0.1 : -0.1))
    const reference = referenceOf({ 'perplexity.0': { nll: even } })
    const result = perplexity.judge(reference, outputs({ 'perplexity.0': { nll: shaken } }), contextOf('int8'))
    const error = Math.sqrt(0.01 / 125)
    expect(result.metrics['nllStandardError']).toBeCloseTo(error, 6)
    expect(result.smallestDrop).toBeCloseTo(Math.exp(2) * Math.expm1((1.6449 + 0.8416) * error), 5)
    expect(result.status).toBe('pass')
  })

  it('a difference above 0.5 fails with both perplexities', () => {
    const result = judge(
      mapped(B, nll => nll + 0.4),
      'int4',
    )
    expect(result.status).toBe('fail')
    expect(result.reason).toMatch(/^perplexity is \S+ where the reference's is \S+, off by \S+ \(limit 0\.500\)$/)
  })

  it('a lower perplexity is as far off as a higher one', () => {
    expect(
      judge(
        mapped(B, nll => Math.max(0, nll - 0.6)),
        'int4',
      ).status,
    ).toBe('fail')
  })

  it('twice the values fail', () => {
    expect(
      judge(
        mapped(B, nll => 2 * nll),
        'int4',
      ).status,
    ).toBe('fail')
  })

  it('1.01 times the values fail in fp32', () => {
    expect(judge(mapped(B, nll => 1.01 * nll)).reason).toMatch(
      /^nll of 1 differs token by token by 0.0100 of the reference's RMS/,
    )
  })

  it.each(PRECISIONS)('windows and tokens in each other’s place fail in %s, though the mean is the same', precision => {
    const swapped = judgeCases({ 'perplexity.0': { nll: B }, 'perplexity.1': { nll: A } }, precision)
    expect(swapped.metrics['perplexityDifference']).toBeLessThan(1e-6)
    expect(swapped.status).toBe('fail')
    const values = mapped(B, () => 0)
    const reversed = mapped(values, (_, i) => someValue(B, WIDTH - 1 - i))
    expect(judge(reversed, precision).status).toBe('fail')
  })

  it('nothing but zeros fails', () => {
    expect(
      judge(
        mapped(B, () => 0),
        'int4',
      ).status,
    ).toBe('fail')
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, -0.5])('one %d fails, at its place', value => {
    const result = judge(withValue(B, 9, value), 'int4')
    expect(result).toMatchObject({ status: 'fail', worst: { case: 'perplexity.1', output: 'nll', index: [0, 9] } })
    expect(result.reason).toMatch(/^nll of 1 is .* at \[0, 9\] where the reference is /)
  })

  it('a likelihood that rounds just past 1 passes', () => {
    const sure = withValue(B, 3, 0)
    const reference = referenceOf({ 'perplexity.1': { nll: sure } })
    const device = outputs({ 'perplexity.1': { nll: withValue(sure, 3, -1e-6) } })
    expect(perplexity.judge(reference, device, contextOf()).status).toBe('pass')
  })

  it('too few tokens to have shown a change of 0.5 are inconclusive', () => {
    const reference = referenceOf({ 'perplexity.0': { nll: f32([1, 4], () => 3) } })
    const shaken = f32([1, 4], i => 3 + (i % 2 === 0 ? 0.2 : -0.2))
    const result = perplexity.judge(reference, outputs({ 'perplexity.0': { nll: shaken } }), contextOf('int8'))
    expect(result).toMatchObject({ status: 'inconclusive' })
    expect(result.reason).toMatch(/^4 tokens could only have shown a change of perplexity by \d/)
    const single = referenceOf({ 'perplexity.0': { nll: f32([1, 1], () => 3) } })
    expect(perplexity.judge(single, single.outputs, contextOf())).toMatchObject({
      status: 'inconclusive',
      smallestDrop: null,
    })
  })

  it('another shape, fewer tokens, another type fail', () => {
    expect(judge({ ...B, shape: [WIDTH, 1] }).reason).toContain('shape [63, 1] where the reference has [1, 63]')
    expect(judge(f32([1, WIDTH - 1], i => someValue(B, i))).status).toBe('fail')
    expect(judge(f32([1, 0], () => 0)).status).toBe('fail')
    expect(judge(asHalf(B)).reason).toBe('output nll of 1 has type f16 where the reference has f32')
  })

  it('a missing window, a missing output and an extra output fail', () => {
    expect(judgeCases({ 'perplexity.0': { nll: A } }).reason).toBe('case perplexity.1 is missing')
    expect(judgeCases({ 'perplexity.0': { nll: A }, 'perplexity.1': {} }).reason).toBe('output nll of 1 is missing')
    const extra = judgeCases({ 'perplexity.0': { nll: A, other: A }, 'perplexity.1': { nll: B } })
    expect(extra.reason).toBe("output other of 0 is not one of the reference's")
  })

  it('a window that the reference lacks, or has NaN in, cannot be judged, and hides no fault of another', () => {
    expect(
      judgeCases({ 'perplexity.0': { nll: A }, 'perplexity.1': { nll: B }, 'perplexity.2': { nll: B } }).status,
    ).toBe('inconclusive')
    const broken = referenceOf({ 'perplexity.0': { nll: withValue(A, 0, Number.NaN) }, 'perplexity.1': { nll: B } })
    const judgeB = (b: TensorData) =>
      perplexity.judge(
        broken,
        outputs({ 'perplexity.0': { nll: withValue(A, 0, Number.NaN) }, 'perplexity.1': { nll: b } }),
        contextOf(),
      )
    expect(judgeB(B).status).toBe('inconclusive')
    expect(judgeB(mapped(B, nll => 2 * nll)).status).toBe('fail')
  })

  it('is skipped without a reference or a case', () => {
    expect(perplexity.judge(null, REFERENCE.outputs, contextOf()).status).toBe('skip')
    expect(perplexity.judge(referenceOf({}), outputs({}), contextOf()).status).toBe('skip')
  })
})

function someValue(tensor: TensorData, index: number): number {
  let found = Number.NaN
  mapped(tensor, (value, i) => {
    if (i === index) found = value
    return value
  })
  return found
}
