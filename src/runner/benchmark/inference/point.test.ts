import { describe, expect, test } from 'vitest'
import type { Untimed } from '../attempt.ts'
import { neededBytes } from './memory-need.ts'
import { sampleValues } from './metrics.ts'
import { pointOf } from './point.ts'
import type { TimedInference } from './timed.ts'

const IMAGE = { height: 224, width: 160 }
const COST = { flopsPerImage: 8e9, weightBytes: 1e8, activationBytes: 5e7, heldBytes: 1e7 }
const NO_CEILINGS = { flopsPerSecond: null, bytesPerSecond: null }
const YARDSTICK = { cost: COST, ceilings: { flopsPerSecond: 1e12, bytesPerSecond: 1e11 }, deviceMemoryBytes: 1e9 }

function timed(batch: number, more: Partial<TimedInference> = {}): TimedInference {
  return {
    kind: 'timed',
    point: { batch },
    forwardMs: [40, 20, 60],
    kept: { inputs: {}, outputs: {} },
    before: {},
    peakMemoryBytes: 4e8,
    pipeline: { images: 30, ms: 1500, waitMs: 300 },
    ...more,
  }
}

describe('a timed batch', () => {
  const point = pointOf(IMAGE, timed(4), undefined, YARDSTICK)

  test('has its latency and images per second, of each pass', () => {
    expect(point.metrics['latencyMs']).toMatchObject({ count: 3, median: 40, min: 20, max: 60 })
    expect(point.metrics['imagesPerSecond']?.median).toBeCloseTo(100, 9)
    expect(point.metrics['imagesPerSecond']?.max).toBeCloseTo(200, 9)
    expect(sampleValues(40, 4)).toEqual({ latencyMs: 40, imagesPerSecond: expect.closeTo(100, 9) })
  })

  test('has its peak memory, and what comes from the files on', () => {
    expect(point.figures).toEqual({
      peakMemoryBytes: 4e8,
      peakMemoryShare: 0.4,
      pipelineImagesPerSecond: expect.closeTo(20, 9),
      deviceWaitShare: 0.2,
    })
  })

  test('does the work of its images and reads the weights once, over the median pass', () => {
    const { forward } = point.roofline
    expect(forward).toMatchObject({ flops: 32e9, bytes: 1e8 + 4 * 5e7, ms: 40, bound: 'arithmetic' })
    expect(forward?.mfu).toBeCloseTo(0.8, 9)
    expect(forward?.mbu).toBeCloseTo(0.075, 9)
  })

  test('has no roofline where its work is not known, and no shares where the limits are not', () => {
    expect(pointOf(IMAGE, timed(4), undefined, { ...YARDSTICK, cost: null }).roofline).toEqual({})
    const { forward } = pointOf(IMAGE, timed(4), undefined, { ...YARDSTICK, ceilings: NO_CEILINGS }).roofline
    expect(forward).toMatchObject({ mfu: null, mbu: null, bound: null })
  })

  test('that gave wrong outputs fails with the audit’s reason', () => {
    const audit = { status: 'fail', reason: 'row 2: logits', outputs: 4, disagreements: 1 } as const
    expect(pointOf(IMAGE, timed(4), audit, YARDSTICK)).toMatchObject({ status: 'fail', reason: 'row 2: logits', audit })
  })
})

test('a batch that was not timed keeps its shape, its reason and what it would have needed', () => {
  const room = { neededBytes: 7, availableBytes: 5 }
  const untimed: Untimed<{ batch: number }> = {
    ...{ kind: 'untimed', point: { batch: 8 }, status: 'error', reason: 'no room', room, ends: null },
  }
  expect(pointOf(IMAGE, untimed, undefined, YARDSTICK)).toMatchObject({
    ...{ batch: 8, shape: IMAGE, status: 'error', reason: 'no room', figures: room, metrics: {}, roofline: {} },
  })
})

describe('what a batch needs', () => {
  test('is what is loaded, or the weights, and the activations that a pass holds', () => {
    expect(neededBytes(COST, null, 8, [])).toBe(1e8 + 8e7)
    expect(neededBytes(COST, 3e8, 8, [])).toBe(3e8 + 8e7)
  })

  test('is what a smaller batch was seen to take and the images more', () => {
    expect(neededBytes(COST, null, 8, [timed(4, { peakMemoryBytes: 9e8 })])).toBe(9e8 + 4e7)
  })

  test('is not known where nobody knows what a pass holds: it is tried', () => {
    expect(neededBytes({ ...COST, heldBytes: null }, 3e8, 8, [])).toBeNull()
    expect(neededBytes(null, 3e8, 8, [])).toBeNull()
  })
})
