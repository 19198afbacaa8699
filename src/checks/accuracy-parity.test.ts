import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type NamedTensors, type TensorData, toFloat32 } from '../tensor.ts'
import { accuracyOf } from './accuracy.ts'
import { accuracyParity } from './accuracy-parity.ts'
import type { CaseOutputs, CheckContext } from './check.ts'
import {
  asHalf,
  contextOf,
  f32,
  integers,
  mapped,
  PRECISIONS,
  reshaped,
  rounded,
  someClasses,
  tokens,
  VOCABULARY,
  withValue,
} from './fixtures.ts'
import { logitsParity } from './logits-parity.ts'
import { smallestAccuracyDrop, smallestShare } from './smallest-drop.ts'

const IMAGES = 400
const FILE: TensorData = { type: 'u8', shape: [32], bytes: new Uint8Array(32).fill(7) }
const NAMES = Array.from({ length: VOCABULARY }, (_, i) => `kind ${i}`)

/** Image i shows class i modulo 40, and the reference has it right but for every tenth. */
const label = (i: number) => (i % 10 === 9 ? (i + 1) % VOCABULARY : i % VOCABULARY)
const LOGITS: readonly TensorData[] = Array.from({ length: IMAGES }, (_, i) => someClasses(i))

type Side = (i: number) => CaseOutputs | null

function side(of: Side): Map<string, CaseOutputs> {
  const cases = Array.from({ length: IMAGES }, (_, i) => [`images.${i}.png`, of(i)] as const)
  return new Map(cases.flatMap(([id, one]) => (one === null ? [] : [[id, one] as const])))
}

const inputsOf = (i: number): NamedTensors => ({ labels: integers(label(i)), file_sha256: FILE })
const sound: Side = i => ({ inputs: inputsOf(i), outputs: { logits: LOGITS[i] ?? f32([1, 0], () => 0) } })
const REFERENCE = { name: 'ort:cpu fp32', outputs: side(sound) }

function judge(device: Side, more: Partial<CheckContext> = {}, reference = REFERENCE) {
  return accuracyParity.judge(reference, side(device), contextOf(more.precision ?? 'fp32', { labels: NAMES, ...more }))
}

/** Other logits for the images that `changes` names, the truth for the rest. */
const changed =
  (changes: (i: number, logits: TensorData) => TensorData | null): Side =>
  i => {
    const logits = LOGITS[i] ?? f32([1, 0], () => 0)
    return { inputs: inputsOf(i), outputs: { logits: changes(i, logits) ?? logits } }
  }

describe('a sound device', () => {
  it('has the reference’s accuracy, and as many images as it takes to say so', () => {
    const result = judge(sound)
    expect(result).toMatchObject({ status: 'pass', reason: null, samples: IMAGES, reference: 'ort:cpu fp32' })
    expect(result.metrics).toMatchObject({
      ...{ accuracy: 0.9, referenceAccuracy: 0.9, accuracyDifference: 0, lost: 0, gained: 0, mcnemarP: 1 },
      ...{ top5Difference: 0, agreement: 1, flips: 0, nearTies: 0, nonFinite: 0 },
    })
    expect(result.smallestDrop).toBeCloseTo(1 - 0.05 ** (1 / IMAGES), 12)
  })

  it.each(PRECISIONS)('passes with errors of the size of rounding in %s', precision => {
    expect(
      judge(
        changed((_, logits) => rounded(logits, 0.01)),
        { precision },
      ).status,
    ).toBe('pass')
  })

  it('top-5 accuracy counts the first five', () => {
    // Ten ranks in turn: the class `rank` places before the true one leads, and those after it follow.
    const ranked = side(i => ({
      inputs: inputsOf(i),
      outputs: { logits: f32([1, VOCABULARY], c => -((c - label(i) + (i % 10) + VOCABULARY) % VOCABULARY)) },
    }))
    const result = accuracyParity.judge({ name: 'r', outputs: ranked }, ranked, contextOf())
    expect(result.metrics).toMatchObject({ accuracy: 0.1, top5Accuracy: 0.5, referenceTop5Accuracy: 0.5 })
  })

  it('a near tie is counted and shown, and is no failure', () => {
    const tie = (first: number) => (i: number, logits: TensorData) =>
      i === 9 ? withValue(withValue(logits, 9, 10 - first), 10, 10 + first) : null
    const reference = { name: 'r', outputs: side(changed(tie(-1e-5))) }
    const result = judge(changed(tie(1e-5)), {}, reference)
    expect(result).toMatchObject({
      status: 'pass',
      metrics: { flips: 0, nearTies: 1, gained: 1, agreement: 399 / 400 },
    })
    expect(result.cases[9]).toMatchObject({
      status: 'pass',
      details: { reference: 'kind 9 (9)', device: 'kind 10 (10)', truth: 'kind 10 (10)' },
    })
    expect(result.cases[9]?.details['nearTie']).toMatch(/^margin 1\.91e-5, cost 1\.91e-5, noise \S+e-4$/)
  })

  it.each([
    ['twice the logits', (logits: TensorData) => mapped(logits, value => 2 * value)],
    ['a constant added', (logits: TensorData) => mapped(logits, value => value + 3)],
  ])('%s: the class is the same and accuracy passes, while logits-parity fails', (_, change) => {
    expect(judge(changed((_, logits) => change(logits))).status).toBe('pass')
    const [logits = f32([1, 0], () => 0)] = LOGITS
    const of = (tensor: TensorData) => new Map([['logits.0.png', { inputs: {}, outputs: { logits: tensor } }]])
    const result = logitsParity.judge({ name: 'r', outputs: of(logits) }, of(change(logits)), contextOf())
    expect(result).toMatchObject({ status: 'fail', metrics: { top1: 1 } })
  })
})

describe('a device that is wrong', () => {
  it('one image of 400 given another class fails, with both classes and the margins', () => {
    const result = judge(changed((i, logits) => (i === 3 ? withValue(logits, 17, 12) : null)))
    expect(result).toMatchObject({ status: 'fail', metrics: { flips: 1, lost: 1 } })
    expect(result.reason).toMatch(
      /^3\.png is taken for kind 17 \(17\) where the reference takes it for kind 3 \(3\) by \S+ \(noise \S+\)$/,
    )
    expect(result.cases[3]).toMatchObject({
      status: 'fail',
      metrics: { margin: expect.any(Number), cost: expect.any(Number), noise: expect.any(Number) },
      details: { reference: 'kind 3 (3)', device: 'kind 17 (17)', truth: 'kind 3 (3)' },
    })
    expect(result.worst).toMatchObject({ case: 'images.3.png', output: 'logits', index: [0, 17], device: 12 })
  })

  it('one class for every image fails, and the accuracy says how far off it is', () => {
    const result = judge(changed(() => someClasses(5)))
    expect(result).toMatchObject({ status: 'fail', metrics: { flips: 390, agreement: 10 / 400 } })
    expect(result.metrics['mcnemarP']).toBeLessThan(1e-9)
  })

  it('zeros, negated logits and images in each other’s place fail in every precision', () => {
    for (const precision of PRECISIONS) {
      expect(
        judge(
          changed((_, logits) => mapped(logits, () => 0)),
          { precision },
        ).status,
      ).toBe('fail')
      expect(
        judge(
          changed((_, logits) => mapped(logits, value => -value)),
          { precision },
        ).status,
      ).toBe('fail')
      const swapped = changed(i => LOGITS[i === 1 ? 2 : i === 2 ? 1 : i] ?? null)
      expect(judge(swapped, { precision }).metrics['flips'], precision).toBe(2)
    }
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('one %d fails, at its place', value => {
    const result = judge(changed((i, logits) => (i === 3 ? withValue(logits, 17, value) : null)))
    expect(result).toMatchObject({ status: 'fail', metrics: { nonFinite: 1 }, worst: { index: [0, 17], device: null } })
    expect(result.reason).toMatch(/^logits of 3\.png is \S+ at \[0, 17\] where the reference is /)
  })

  it('nothing but NaN fails', () => {
    expect(judge(changed((_, logits) => mapped(logits, () => Number.NaN))).status).toBe('fail')
  })

  it('another shape or type, bytes that lack, a missing and an extra output fail', () => {
    const [logits = f32([1, 0], () => 0)] = LOGITS
    const one = (outputs: NamedTensors) =>
      judge(i => (i === 0 ? { inputs: inputsOf(0), outputs } : sound(i))).cases[0] ?? null
    expect(one({ logits: reshaped(logits, [VOCABULARY]) })?.reason).toBe(
      'output logits of 0.png has shape [40] where the reference has [1, 40]',
    )
    expect(one({ logits: f32([1, VOCABULARY - 1], () => 1) })?.status).toBe('fail')
    expect(one({ logits: asHalf(logits) })?.reason).toContain('has type f16')
    expect(one({ logits: { ...logits, bytes: logits.bytes.subarray(4) } })?.status).toBe('fail')
    expect(one({})?.reason).toBe('output logits of 0.png is missing')
    expect(one({ logits, boxes: logits })?.reason).toBe("output boxes of 0.png is not one of the reference's")
  })

  it('a missing image fails', () => {
    expect(judge(i => (i === 7 ? null : sound(i)))).toMatchObject({
      status: 'fail',
      reason: 'case images.7.png is missing',
    })
  })
})

describe('what cannot be judged', () => {
  it('an image that the reference saw in another file, or lacks, is inconclusive', () => {
    const other = { ...FILE, bytes: new Uint8Array(32).fill(8) }
    const result = judge(i => ({ ...(sound(i) ?? { outputs: {} }), inputs: { ...inputsOf(i), file_sha256: other } }))
    expect(result.status).toBe('inconclusive')
    expect(result.reason).toContain('the reference answered 0.png for another file_sha256')
    const shorter = { name: 'r', outputs: side(i => (i === 7 ? null : sound(i))) }
    expect(judge(sound, {}, shorter)).toMatchObject({
      status: 'inconclusive',
      reason: 'the reference has no case images.7.png',
      metrics: { accuracyDifference: 0 },
    })
  })

  it('a reference that is NaN, or gives no row of classes, is inconclusive', () => {
    const nan = {
      name: 'r',
      outputs: side(changed((i, logits) => (i === 3 ? mapped(logits, () => Number.NaN) : null))),
    }
    expect(judge(sound, {}, nan)).toMatchObject({ status: 'inconclusive' })
    const rows = side(() => ({ inputs: {}, outputs: { logits: f32([2, 20], () => 1) } }))
    const ids = side(() => ({ inputs: {}, outputs: { logits: tokens(1, 2, 3) } }))
    for (const wrong of [rows, ids])
      expect(accuracyParity.judge({ name: 'r', outputs: wrong }, wrong, contextOf()).status).toBe('inconclusive')
  })

  it.each([
    [integers(VOCABULARY), 'the true class of 0.png is 40, and there are 40 classes'],
    [integers(-1), 'the true class of 0.png is -1, and there are 40 classes'],
    [integers(1, 2), 'labels of 0.png are i64 [2], not one class'],
    [f32([1], () => 1), 'labels of 0.png are f32 [1], not one class'],
  ])('a true class that is none is inconclusive', (labels, reason) => {
    const of: Side = i => (i === 0 ? { inputs: { labels }, outputs: sound(0)?.outputs ?? {} } : sound(i))
    expect(judge(of, {}, { name: 'r', outputs: side(of) })).toMatchObject({ status: 'inconclusive', reason })
  })

  it('where no true class is known the classes alone are judged', () => {
    const blind =
      (of: Side): Side =>
      i => ({ outputs: of(i)?.outputs ?? {}, inputs: { file_sha256: FILE } })
    const reference = { name: 'r', outputs: side(blind(sound)) }
    const result = judge(blind(sound), {}, reference)
    expect(result).toMatchObject({ status: 'pass', smallestDrop: smallestShare(IMAGES) })
    expect(Object.keys(result.metrics)).toEqual(['agreement', 'flips', 'nearTies', 'nonFinite'])
    expect(Object.keys(result.thresholds)).toEqual(['flips', 'nonFinite'])
    expect(judge(blind(changed(() => someClasses(5))), {}, reference).status).toBe('fail')
  })

  it('is skipped without a reference, and where it has no image', () => {
    expect(accuracyParity.judge(null, REFERENCE.outputs, contextOf()).status).toBe('skip')
    expect(accuracyParity.judge({ name: 'r', outputs: new Map() }, REFERENCE.outputs, contextOf())).toMatchObject({
      status: 'skip',
      reason: 'the reference has no case images.*',
    })
  })
})

describe('accuracy over all images', () => {
  /** A device that gives the first `lost` images of those that are right another class by a near tie. */
  function judgeTies(lost: number, images = IMAGES) {
    const tie = (by: number) => (i: number, logits: TensorData) =>
      label(i) === i % VOCABULARY && i < lost ? withValue(logits, (i + 1) % VOCABULARY, 10 + by) : null
    const few =
      (of: Side): Side =>
      i =>
        i < images ? of(i) : null
    const reference = { name: 'r', outputs: side(few(changed(tie(-1e-5)))) }
    return judge(few(changed(tie(1e-5))), {}, reference)
  }

  it('near ties that all turn right answers to wrong ones fail, beyond 1 point and beyond chance', () => {
    const result = judgeTies(9)
    expect(result).toMatchObject({ status: 'fail', metrics: { flips: 0, nearTies: 9, lost: 9, gained: 0 } })
    expect(result.reason).toBe(
      "accuracy is 87.8 % where the reference's is 90.00 %, off by 2.25 points (limit 1): 9 of 400 images lost, 0 gained, McNemar's p 0.00391",
    )
  })

  it('what chance explains is inconclusive: one near tie of twenty images is 5 points', () => {
    expect(judgeTies(1, 20)).toMatchObject({
      status: 'inconclusive',
      reason:
        "accuracy is 85.00 % where the reference's is 90.00 %, off by 5 points (limit 1): 1 of 20 images lost, 0 gained, " +
        "which may be chance (McNemar's p 1.00)",
    })
  })

  it('so many changes that a drop of a point would not have shown are inconclusive', () => {
    expect(judgeTies(4)).toMatchObject({
      status: 'inconclusive',
      metrics: { accuracyDifference: 0.01 },
      reason:
        '4 of 400 images lost, 0 gained: with so many changes a drop of accuracy by less than 1.24 points would not have shown (limit 1)',
    })
    expect(judgeTies(2)).toMatchObject({ status: 'pass' })
  })

  it('few images without a change pass, and say what they could have shown', () => {
    expect(judgeTies(0, 6)).toMatchObject({ status: 'pass', smallestDrop: smallestShare(6) })
  })
})

describe('the accuracy of two sides', () => {
  it('counts by hand', () => {
    const ranks = [
      ...[
        [0, 0],
        [0, 1],
        [1, 0],
        [3, 7],
        [9, 9],
        [0, 4],
      ].map(([reference = 0, device = 0]) => ({ reference, device })),
    ]
    expect(accuracyOf(ranks, 1)).toEqual({
      ...{ images: 6, reference: 0.5, device: 1 / 3, difference: 1 / 6 },
      ...{ lost: 2, gained: 1, p: 1 },
    })
    expect(accuracyOf(ranks, 5)).toMatchObject({ reference: 5 / 6, device: 4 / 6, lost: 1, gained: 0 })
  })

  it('differs by what was lost less what was gained', () => {
    const rank = fc.record({ reference: fc.nat(8), device: fc.nat(8) })
    fc.assert(
      fc.property(fc.array(rank, { minLength: 1, maxLength: 50 }), fc.integer({ min: 1, max: 8 }), (ranks, k) => {
        const accuracy = accuracyOf(ranks, k)
        expect(accuracy.difference).toBeCloseTo(Math.abs(accuracy.device - accuracy.reference), 12)
      }),
    )
  })

  it('the smallest drop is the paired one, and the rule of three where nothing changed', () => {
    expect(smallestAccuracyDrop(300, 0, 0)).toBe(smallestShare(300))
    expect(smallestAccuracyDrop(0, 0, 0)).toBeNull()
    // The sample variance of 20 times -1, 10 times +1 and 970 times 0, by its definition.
    const differences = [...Array(20).fill(-1), ...Array(10).fill(1), ...Array(970).fill(0)]
    const mean = differences.reduce((sum, x) => sum + x, 0) / 1000
    const error = Math.sqrt(differences.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 1000 / 1000)
    expect(smallestAccuracyDrop(1000, 20, 10)).toBeCloseTo((1.6449 + 0.8416) * error, 12)
  })
})

it('the logits of an image are those of the class that leads', () => {
  expect(toFloat32(someClasses(3)).indexOf(10)).toBe(3)
})
