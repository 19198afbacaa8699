import { describe, expect, it } from 'vitest'
import { type NamedTensors, tensorOf } from '../tensor.ts'
import { determinism } from './determinism.ts'
import {
  asHalf,
  contextOf,
  f32,
  mapped,
  outputs,
  reshaped,
  someLogits,
  tokens,
  truncated,
  withValue,
} from './fixtures.ts'

const A = someLogits(1)

function judge(case_: NamedTensors) {
  return determinism.judge(null, outputs({ 'logits.a': case_ }), contextOf())
}

describe('the same call twice', () => {
  it('passes with the same bits', () => {
    const result = judge({ logits: A, logits_again: mapped(A, value => value) })
    expect(result).toMatchObject({ status: 'pass', reason: null, reference: null, samples: 1 })
    expect(result.metrics).toMatchObject({ differingElements: 0, elements: 320 })
  })

  it('fails for one bit, at its place', () => {
    const before = f32([1, 2, 3], i => i)
    const result = judge({ logits: before, logits_again: withValue(before, 4, 4.0000005) })
    expect(result).toMatchObject({
      status: 'fail',
      reason: 'logits of a differs from call to call in 1 of 6 elements, first at [0, 1, 1]: 4.000000476837158 after 4',
      metrics: { differingElements: 1 },
      worst: { case: 'logits.a', output: 'logits', index: [0, 1, 1], reference: 4 },
    })
  })

  it('fails for twice the values, values that moved, and zeros', () => {
    expect(judge({ logits: A, logits_again: mapped(A, value => 2 * value) }).status).toBe('fail')
    expect(judge({ logits: A, logits_again: mapped(A, value => value + 1e-6) }).status).toBe('fail')
    expect(judge({ logits: A, logits_again: mapped(A, () => 0) }).metrics['differingElements']).toBe(320)
  })

  it('tells 0 from -0, and a NaN from another NaN, but not a NaN from itself', () => {
    const zero = f32([1], () => 0)
    expect(judge({ x: zero, x_again: f32([1], () => -0) }).status).toBe('fail')
    const nan = (bits: number) => ({
      type: 'f32' as const,
      shape: [1],
      bytes: new Uint8Array(Uint32Array.of(bits).buffer),
    })
    expect(judge({ x: nan(0x7fc00000), x_again: nan(0x7fc00000) }).status).toBe('pass')
    expect(judge({ x: nan(0x7fc00000), x_again: nan(0x7fc00001) })).toMatchObject({
      status: 'fail',
      worst: { index: [0], reference: null, device: null },
    })
  })

  it('fails for NaN or Inf where there was none', () => {
    expect(judge({ logits: A, logits_again: withValue(A, 5, Number.NaN) }).reason).toContain('[0, 0, 5]: NaN after')
    expect(judge({ logits: A, logits_again: withValue(A, 5, Number.POSITIVE_INFINITY) }).status).toBe('fail')
  })

  it('fails for another token', () => {
    const result = judge({ sequences: tokens(1, 2, 3), sequences_again: tokens(1, 2, 4) })
    expect(result.reason).toContain('first at [0, 2]: 4 after 3')
  })

  it('fails for another shape, length or type', () => {
    expect(judge({ logits: A, logits_again: reshaped(A, [1, 40, 8]) }).reason).toBe(
      'output logits_again of a has shape [1, 40, 8] where the first call has [1, 8, 40]',
    )
    expect(judge({ logits: A, logits_again: truncated(A) }).status).toBe('fail')
    expect(judge({ logits: A, logits_again: asHalf(A) }).status).toBe('fail')
    expect(judge({ sequences: tokens(1, 2), sequences_again: tokens(1) }).status).toBe('fail')
  })

  it('fails where the first or the second call has not the bytes of its shape', () => {
    const short = { ...A, bytes: A.bytes.subarray(4) }
    expect(judge({ logits: short, logits_again: short }).status).toBe('fail')
    expect(judge({ logits: A, logits_again: short }).status).toBe('fail')
  })

  it('fails where the first call is missing', () => {
    expect(judge({ logits_again: A })).toMatchObject({
      status: 'fail',
      reason: 'output logits of a is missing, and was given again',
    })
  })

  it('judges every case that was repeated, and only those', () => {
    const device = outputs({
      'logits.a': { logits: A, logits_again: A },
      'logits.b': { logits: A },
      'data.c': {
        y: tensorOf([2], Uint8Array.of(1, 2)),
        y_again: tensorOf([2], Uint8Array.of(1, 3)),
        z: A,
        z_again: A,
      },
    })
    const result = determinism.judge(null, device, contextOf())
    expect(result.cases.map(({ id, status }) => [id, status])).toEqual([
      ['logits.a', 'pass'],
      ['data.c', 'fail'],
    ])
    expect(result.samples).toBe(3)
  })

  it('is skipped where nothing was repeated', () => {
    expect(judge({ logits: A })).toMatchObject({ status: 'skip', samples: 0 })
  })
})
