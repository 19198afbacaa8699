/** Checks that language models brought, on the shapes of images: logits [1, classes], and the raw outputs of a detector. */
import { describe, expect, it } from 'vitest'
import type { NamedTensors, TensorData } from '../tensor.ts'
import { batchInvariance } from './batch-invariance.ts'
import { RELATIVE_ERROR } from './defaults.ts'
import { determinism } from './determinism.ts'
import {
  contextOf,
  f32,
  integers,
  mapped,
  outputs,
  PRECISIONS,
  randomFrom,
  referenceOf,
  reshaped,
  rounded,
  someClasses,
  swappedRows,
  withValue,
} from './fixtures.ts'
import { logitsParity } from './logits-parity.ts'
import { outputsParity } from './outputs-parity.ts'

const CAT = someClasses(3)
const DOG = someClasses(8)
const PIXELS = f32([1, 3, 4, 4], i => Math.sin(i))
const INPUTS = { pixel_values: PIXELS }

describe('logits of images', () => {
  const reference = referenceOf(
    { 'logits.cat.0001.png': { logits: CAT }, 'logits.dog.0001.png': { logits: DOG } },
    INPUTS,
  )
  const judge = (cat: TensorData, dog: TensorData = DOG, precision: Parameters<typeof contextOf>[0] = 'fp32') =>
    logitsParity.judge(
      reference,
      outputs({ 'logits.cat.0001.png': { logits: cat }, 'logits.dog.0001.png': { logits: dog } }, INPUTS),
      contextOf(precision),
    )

  it('are one position each', () => {
    expect(judge(CAT)).toMatchObject({ status: 'pass', samples: 2, metrics: { relL2: 0, top1: 1, topk: 10 } })
  })

  it.each(PRECISIONS)(
    'pass within the rounding of %s, and fail doubled, shifted by 10, zero and swapped',
    precision => {
      expect(judge(rounded(CAT, RELATIVE_ERROR[precision].limit / 2), DOG, precision).status).toBe('pass')
      for (const wrong of [mapped(CAT, value => 2 * value), mapped(CAT, value => value + 10), mapped(CAT, () => 0)])
        expect(judge(wrong, DOG, precision).status).toBe('fail')
      expect(judge(DOG, CAT, precision).status).toBe('fail')
    },
  )

  it('a flip is said of classes, and an image is not shown as tokens', () => {
    const close = referenceOf({ 'logits.cat.0001.png': { logits: withValue(CAT, 17, 9.3) } }, INPUTS)
    const device = outputs({ 'logits.cat.0001.png': { logits: withValue(CAT, 17, 10.3) } }, INPUTS)
    const result = logitsParity.judge(close, device, contextOf('bf16'))
    expect(result).toMatchObject({ status: 'fail', metrics: { flips: 1 } })
    expect(result.reason).toMatch(
      /^logits of cat\.0001\.png choose class 17 where the reference chooses 3 by 0\.700 \(noise \S+\)$/,
    )
    expect(result.cases[0]?.sideBySide).toBeUndefined()
  })

  it('one NaN and another shape fail', () => {
    expect(judge(withValue(CAT, 17, Number.NaN))).toMatchObject({ status: 'fail', metrics: { nonFinite: 1 } })
    expect(judge(reshaped(CAT, [40])).reason).toBe(
      'output logits of cat.0001.png has shape [40] where the reference has [1, 40]',
    )
  })

  it('for other pixels are inconclusive', () => {
    const device = outputs({ 'logits.cat.0001.png': { logits: CAT } }, { pixel_values: mapped(PIXELS, x => x + 1e-3) })
    expect(logitsParity.judge(reference, device, contextOf()).cases[0]).toMatchObject({
      status: 'inconclusive',
      reason: 'the reference answered cat.0001.png for another pixel_values',
    })
  })
})

describe('an image alone and in a batch', () => {
  const judge = (tensors: NamedTensors) =>
    batchInvariance.judge(
      null,
      outputs({ 'batch.cat.0001.png': tensors }, { ...INPUTS, row: reshaped(integers(2), [1, 1]) }),
      contextOf(),
    )

  it('has the same logits, or others within the noise, which are counted', () => {
    expect(judge({ logits: CAT, logits_batched: CAT })).toMatchObject({
      status: 'pass',
      samples: 1,
      metrics: { relL2: 0, differingElements: 0 },
    })
    const result = judge({ logits: CAT, logits_batched: rounded(CAT, 5e-5) })
    expect(result).toMatchObject({
      status: 'pass',
      cases: [{ details: { bits: expect.stringMatching(/^other bits in/) } }],
    })
  })

  it('fails for another image’s logits, twice the logits, NaN, another shape and a missing output', () => {
    for (const wrong of [DOG, mapped(CAT, value => 2 * value), withValue(CAT, 2, Number.NaN), reshaped(CAT, [40])])
      expect(judge({ logits: CAT, logits_batched: wrong }).status).toBe('fail')
    expect(judge({ logits: CAT }).reason).toBe('output logits_batched of cat.0001.png is missing')
  })
})

describe('the raw outputs of a detector', () => {
  const random = randomFrom(5)
  const logits = f32([1, 189, 4], () => 6 * random() - 6)
  const pred_boxes = f32([1, 189, 4], () => 48 + 40 * random())
  const reference = referenceOf({ 'data.scene.png': { logits, pred_boxes } }, INPUTS)
  const judge = (device: NamedTensors) =>
    outputsParity.judge(reference, outputs({ 'data.scene.png': device }, INPUTS), contextOf())

  it('are judged anchor by anchor', () => {
    expect(judge({ logits, pred_boxes })).toMatchObject({ status: 'pass', samples: 2 * 189 * 4 })
    expect(judge({ logits, pred_boxes: swappedRows(pred_boxes, 3, 90) }).status).toBe('fail')
    expect(judge({ logits, pred_boxes: mapped(pred_boxes, value => 2 * value) }).status).toBe('fail')
    expect(judge({ logits: withValue(logits, 77, 3), pred_boxes }).worst).toMatchObject({ index: [0, 19, 1] })
    expect(judge({ logits }).reason).toBe('output pred_boxes of scene.png is missing')
  })

  it('are the same bits from call to call', () => {
    const twice = (again: TensorData) =>
      determinism.judge(
        null,
        outputs({
          'data.scene.png': { logits, pred_boxes, pred_boxes_again: again },
          'logits.cat.png': { logits: CAT, logits_again: CAT },
        }),
        contextOf(),
      )
    expect(twice(pred_boxes)).toMatchObject({ status: 'pass', samples: 2 })
    expect(twice(withValue(pred_boxes, 8, 1)).worst).toMatchObject({ output: 'pred_boxes', index: [0, 2, 0] })
  })
})
