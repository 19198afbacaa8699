import { describe, expect, test, vi } from 'vitest'
import { type NamedTensors, tensorOf } from '../../../tensor.ts'
import { auditOutputs } from './audit.ts'

const logits = (...best: number[]): NamedTensors => ({
  logits: tensorOf([best.length, 4], Float32Array.from(best.flatMap(at => [0, 1, 2, 3].map(c => (c === at ? 9 : 0))))),
})
const judge = (gives: NamedTensors) => ({ run: vi.fn(async (_inputs: NamedTensors) => gives) })
const pixels = { pixel_values: tensorOf([2, 1], Float32Array.of(1, 2)) }

describe('an audit', () => {
  test('passes where the judge gives the same for the same images', async () => {
    const right = judge(logits(1, 2))
    const kept = { inputs: pixels, outputs: logits(1, 2) }
    expect(await auditOutputs(right, { point: { batch: 2 }, kept, before: logits(1, 2) }, 'fp32')).toEqual({
      ...{ status: 'pass', reason: null, outputs: 2, disagreements: 0 },
    })
    expect(right.run.mock.calls).toEqual([[pixels]])
  })

  test('names rows by their number in the whole batch', async () => {
    const best = [0, 1, 2, 3, 0, 1, 2, 3]
    const off = best.with(7, 0)
    const kept = { inputs: {}, outputs: logits(...off) }
    const timed = { point: { batch: 64 }, kept, before: logits(...off) }
    expect(await auditOutputs(judge(logits(...best)), timed, 'fp32')).toMatchObject({
      ...{ status: 'fail', outputs: 8, disagreements: 1 },
      reason: expect.stringMatching(/^1 of 8 audited images are wrong; row 63: logits:/),
    })
  })

  test('fails where passes over one batch differ from each other, though the last one is right', async () => {
    const kept = { inputs: pixels, outputs: logits(1, 2) }
    const timed = { point: { batch: 2 }, kept, before: logits(1, 3) }
    const { reason } = await auditOutputs(judge(logits(1, 2)), timed, 'fp32')
    expect(reason).toMatch(/^repetitions of one batch gave different outputs: row 1: logits:/)
  })

  test('asks a way of its own where the outputs need one', async () => {
    const kept = { inputs: pixels, outputs: logits(1) }
    const timed = { point: { batch: 1 }, kept, before: logits(1) }
    const own = (reference: NamedTensors) => (reference === kept.outputs ? null : 'a box has no partner')
    expect(await auditOutputs(judge(logits(1)), timed, 'fp32', own)).toMatchObject({
      ...{ status: 'fail', reason: '1 of 1 audited images are wrong; row 0: a box has no partner' },
    })
  })
})
