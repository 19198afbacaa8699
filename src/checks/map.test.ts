import { describe, expect, it } from 'vitest'
import { cocoMap } from '../metrics/index.ts'
import type { NamedTensors } from '../tensor.ts'
import type { CaseOutputs } from './check.ts'
import {
  contextOf,
  detections,
  type FoundBox,
  f32,
  integers,
  PRECISIONS,
  randomFrom,
  sceneInputs,
  withValue,
} from './fixtures.ts'
import { map } from './map.ts'
import { compareMap } from './mean-average-precision.ts'

const SCENES = 60
const NAMES = ['cat', 'dog', 'owl']

type TrueBox = readonly [x1: number, y1: number, x2: number, y2: number, label: number]

const random = randomFrom(3)
const TRUTH: readonly (readonly TrueBox[])[] = Array.from({ length: SCENES }, (_, i) =>
  Array.from({ length: 3 }, (_, k): TrueBox => [100 * k + i, 20 + i, 100 * k + i + 40, 60 + i, (i + k) % 3]),
)
/** Of a detector that finds each object about where it is, but for one of twenty. */
const FOUND: readonly (readonly FoundBox[])[] = TRUTH.map(objects =>
  objects
    .filter(() => random() < 0.9)
    .map(([x1, y1, x2, y2, label]): FoundBox => {
      const by = 3 * random()
      return [x1 + by, y1, x2 + by, y2, Math.fround(0.7 + 0.2 * random()), label]
    }),
)

type Inputs = (i: number) => NamedTensors

const inputsOf: Inputs = i => sceneInputs(...(TRUTH[i] ?? []))

function side(of: (i: number) => NamedTensors | null, inputs: Inputs = inputsOf): Map<string, CaseOutputs> {
  const cases = Array.from({ length: SCENES }, (_, i) => [`scenes.${i}.png`, of(i)] as const)
  return new Map(
    cases.flatMap(([id, found], i) => (found === null ? [] : [[id, { inputs: inputs(i), outputs: found }] as const])),
  )
}

const sound = (i: number) => detections(...(FOUND[i] ?? []))
const REFERENCE = { name: 'ort:cpu fp32', outputs: side(sound) }

const judge = (of: (i: number) => NamedTensors | null, precision: Parameters<typeof contextOf>[0] = 'fp32') =>
  map.judge(REFERENCE, side(of), contextOf(precision, { labels: NAMES }))

/** Every box changed, or left out where null. */
const changed = (change: (box: FoundBox, i: number) => FoundBox | null) => (i: number) =>
  detections(
    ...(FOUND[i] ?? []).flatMap(box => [change(box, i) ?? []].filter((one): one is FoundBox => one.length > 0)),
  )

describe('mean average precision', () => {
  it('of a sound device is the reference’s', () => {
    const result = judge(sound)
    const scenes = TRUTH.map((objects, i) => ({
      truth: objects.map(([x1, y1, x2, y2, label]) => ({
        ...{ box: [x1, y1, x2, y2] as const, label, isCrowd: false, area: 1600 },
      })),
      detections: (FOUND[i] ?? []).map(([x1, y1, x2, y2, score, label]) => ({
        ...{ box: [Math.fround(x1), y1, Math.fround(x2), y2] as const, score, label },
      })),
    }))
    const own = cocoMap(scenes)
    expect(own.map).toBeGreaterThan(0.5)
    expect(result).toMatchObject({ status: 'pass', reason: null, samples: 3 * SCENES })
    expect(result.metrics).toMatchObject({
      ...{ map: own.map, referenceMap: own.map, mapDifference: 0, mapStandardError: 0 },
      ...{ map50: own.map50, referenceMap75: own.map75, mapMedium: own.medium },
    })
    expect(result.metrics['mapLarge']).toBeUndefined()
    expect(result.smallestDrop).toBeCloseTo(1 - 0.05 ** (1 / (3 * SCENES)), 12)
    expect(result.cases[0]).toMatchObject({ status: 'pass', metrics: { objects: 3 } })
  })

  it('sees neither the order of boxes nor what changes no rank', () => {
    expect(judge(i => detections(...(FOUND[i] ?? []).toReversed())).metrics['mapDifference']).toBe(0)
    const halved = changed(([x1, y1, x2, y2, score, label]) => [x1, y1, x2, y2, score / 2, label])
    expect(judge(halved)).toMatchObject({ status: 'pass', metrics: { mapDifference: 0 } })
  })

  it.each(PRECISIONS)('boxes moved, doubled, of another class or lost fail in %s', precision => {
    const faults = [
      changed(([x1, y1, x2, y2, ...rest]) => [x1 + 10, y1, x2 + 10, y2, ...rest]),
      changed(([x1, y1, x2, y2, ...rest]) => [2 * x1, 2 * y1, 2 * x2, 2 * y2, ...rest]),
      changed(([x1, y1, x2, y2, score, label]) => [x1, y1, x2, y2, score, (label + 1) % 3]),
      () => detections(),
      (i: number) => sound((i + 1) % SCENES),
    ]
    for (const fault of faults) expect(judge(fault, precision).status).toBe('fail')
  })

  it('objects of one class lost fail, and the class is named', () => {
    const result = judge(changed((box, i) => (box[5] === 1 && i % 2 === 0 ? null : box)))
    expect(result.status).toBe('fail')
    expect(result.reason).toMatch(
      /^mean average precision is 0\.\d+ where the reference's is 0\.\d+, off by 0\.\d+ \(limit 0\.01\), most of it dog: 0\.\d+ against 0\.\d+$/,
    )
  })

  it('a gain of more than a point is no agreement either', () => {
    const exact = (i: number) =>
      detections(...(TRUTH[i] ?? []).map(([x1, y1, x2, y2, label]): FoundBox => [x1, y1, x2, y2, 0.9, label]))
    expect(judge(exact).status).toBe('fail')
  })

  it('what a few images may owe to chance is inconclusive', () => {
    const result = judge(changed((box, i) => (i === 7 ? null : box)))
    expect(result.status).toBe('inconclusive')
    expect(result.reason).toMatch(/may be chance \(standard error 0\.0\d+\)$/)
    const small = judge(changed((box, i) => (i === 7 && box[5] === 0 ? null : box)))
    expect(small.metrics['mapDifference']).toBeLessThan(0.01)
    expect(small.metrics['mapDifference']).toBeGreaterThan(0)
    expect(small.status).toBe('inconclusive')
    expect(small.reason).toMatch(
      /^over 60 images a change of mean average precision by less than 0\.0\d+ would not have shown/,
    )
  })

  it('a box that is NaN, a missing output and a missing image fail', () => {
    const broken = (change: (outputs: NamedTensors) => NamedTensors | null) =>
      judge(i => (i === 5 ? change(sound(i)) : sound(i)))
    const nan = broken(({ boxes, ...rest }) => (boxes ? { ...rest, boxes: withValue(boxes, 2, Number.NaN) } : null))
    expect(nan).toMatchObject({ status: 'fail' })
    expect(nan.reason).toContain('box 0 of 5.png is [')
    expect(broken(({ boxes, labels }) => (boxes && labels ? { boxes, labels } : null)).reason).toBe(
      'output scores of 5.png is missing',
    )
    expect(broken(() => null).reason).toBe('case scenes.5.png is missing')
  })

  it('crowds and areas of the dataset count', () => {
    const crowded: Inputs = i => ({
      ...inputsOf(i),
      crowd: integers(...(TRUTH[i] ?? []).map(() => (i % 2 === 0 ? 1 : 0))),
      area: f32([3], () => 100),
    })
    const result = map.judge({ name: 'r', outputs: side(sound, crowded) }, side(sound, crowded), contextOf())
    expect(result).toMatchObject({ status: 'pass', samples: (3 * SCENES) / 2 })
    expect(result.metrics['mapSmall']).toBeGreaterThan(0)
    expect(result.metrics['mapMedium']).toBeUndefined()
  })

  it('is skipped where no image has true boxes, with its reason', () => {
    const blind: Inputs = () => ({ size: integers(96, 96) })
    const reference = { name: 'r', outputs: side(sound, blind) }
    expect(map.judge(reference, side(sound, blind), contextOf())).toMatchObject({
      status: 'skip',
      reason: 'the images have no true boxes to hold detections against',
    })
    expect(map.judge(null, side(sound), contextOf()).status).toBe('skip')
    expect(map.judge({ name: 'r', outputs: new Map() }, side(sound), contextOf()).status).toBe('skip')
  })

  it('true boxes that are no boxes, no object at all and a single image are inconclusive', () => {
    const judgeWith = (inputs: Inputs, of: (i: number) => NamedTensors | null = sound) =>
      map.judge({ name: 'r', outputs: side(of, inputs) }, side(of, inputs), contextOf())
    const odd = judgeWith(i => ({ ...inputsOf(i), ...(i === 3 && { class_labels: integers(1) }) }))
    expect(odd).toMatchObject({
      status: 'inconclusive',
      reason: 'the true boxes of 3.png are not as many as its class_labels, or no numbers',
    })
    expect(judgeWith(() => sceneInputs())).toMatchObject({
      status: 'inconclusive',
      reason: 'no image has an object to be found',
    })
    expect(judgeWith(inputsOf, i => (i === 0 ? sound(i) : null))).toMatchObject({
      status: 'inconclusive',
      reason: 'a single image says nothing of mean average precision',
    })
  })
})

describe('the standard error of a difference', () => {
  it('is that of a mean, where every image has a class of its own', () => {
    // Then the figure is a mean over images, and the jackknife of a mean is its ordinary standard error.
    const scenes = Array.from({ length: 12 }, (_, i) => {
      const truth = [{ box: [0, 0, 40, 40] as const, label: i, isCrowd: false, area: 1600 }]
      const found = { box: [0, 0, 40, 40] as const, score: 0.9, label: i }
      return { truth, reference: [found], device: i % 4 === 0 ? [] : [found] }
    })
    const changes = scenes.map(({ device }) => device.length - 1)
    const mean = changes.reduce((sum, x) => sum + x, 0) / 12
    const error = Math.sqrt(changes.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 11 / 12)
    const comparison = compareMap(scenes)
    expect(comparison?.change).toBeCloseTo(-0.25, 12)
    expect(comparison?.standardError).toBeCloseTo(error, 12)
  })
})
