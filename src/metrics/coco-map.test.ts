import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Box } from './boxes.ts'
import { cocoMap } from './coco-map.ts'
import { IOU_THRESHOLDS, type Scene } from './coco-matching.ts'

const object = (box: Box, label = 1, isCrowd = false) => ({
  box,
  label,
  isCrowd,
  area: (box[2] - box[0]) * (box[3] - box[1]),
})
const found = (box: Box, score = 0.9, label = 1) => ({ box, score, label })
const A: Box = [0, 0, 40, 40]
const B: Box = [100, 100, 140, 140]
/** pycocotools adds 2^-52 to what it divides by. */
const ONE = expect.closeTo(1, 12)

function mapOf(...scenes: Scene[]) {
  return cocoMap(scenes)
}

test('all objects found is 1, none found is 0, and no object to find is no figure', () => {
  expect(mapOf({ truth: [object(A)], detections: [found(A)] })).toMatchObject({
    map: ONE,
    map50: ONE,
    map75: ONE,
    medium: ONE,
  })
  expect(mapOf({ truth: [object(A)], detections: [] })).toMatchObject({ map: 0, small: null, large: null })
  expect(mapOf({ truth: [], detections: [found(A)] })).toMatchObject({ map: null, map50: null })
  expect(mapOf()).toMatchObject({ map: null })
})

test('one of two objects found is precision 1 up to a recall of a half: 51 of 101', () => {
  expect(mapOf({ truth: [object(A), object(B)], detections: [found(A)] }).map).toBeCloseTo(51 / 101, 12)
})

test('a wrong box before the right one halves the precision, one after it costs nothing', () => {
  const wrong: Box = [200, 200, 240, 240]
  expect(mapOf({ truth: [object(A)], detections: [found(wrong, 0.95), found(A)] }).map).toBeCloseTo(0.5, 12)
  expect(mapOf({ truth: [object(A)], detections: [found(wrong, 0.5), found(A)] }).map).toEqual(ONE)
})

test('a second box on an object found is wrong', () => {
  const detections = [found(A, 0.9), found(A, 0.8), found(B, 0.7)]
  // Right, wrong, right: precision 1 up to 0.5, then 2/3.
  expect(mapOf({ truth: [object(A), object(B)], detections }).map).toBeCloseTo((51 + (50 * 2) / 3) / 101, 12)
})

test('an overlap of 0.7 is right at five of the ten thresholds', () => {
  const { map, map50, map75 } = mapOf({ truth: [object(A)], detections: [found([0, 0, 40, 29])] })
  expect([map, map50, map75]).toEqual([expect.closeTo(0.5, 12), ONE, 0])
  expect(IOU_THRESHOLDS.map(threshold => threshold.toFixed(2)).join(' ')).toBe(
    '0.50 0.55 0.60 0.65 0.70 0.75 0.80 0.85 0.90 0.95',
  )
})

test('what lies in a crowd is neither right nor wrong, and a crowd is not missed', () => {
  const crowd = object([100, 100, 200, 200], 1, true)
  const detections = [found([110, 110, 130, 130], 0.99), found([150, 150, 170, 170], 0.98), found(A)]
  expect(mapOf({ truth: [object(A), crowd], detections }).map).toEqual(ONE)
})

test('classes count alike, and boxes of a class that is nowhere count not at all', () => {
  const detections = [found(A, 0.9, 1), found(A, 0.95, 7)]
  const { map, byLabel } = mapOf({ truth: [object(A, 1), object(B, 2)], detections })
  expect(map).toBeCloseTo(0.5, 12)
  expect([...byLabel]).toEqual([
    [1, ONE],
    [2, 0],
  ])
})

test('a hundred boxes of a class count in one image', () => {
  const wrong = Array.from({ length: 100 }, (_, i) => found([200, i, 240, i + 40], 0.95))
  expect(mapOf({ truth: [object(A)], detections: [...wrong, found(A)] }).map).toBe(0)
  expect(mapOf({ truth: [object(A)], detections: [...wrong.slice(1), found(A)] }).map).toBeCloseTo(1 / 100, 12)
})

test('the order of boxes and images plays no part where no scores are equal', () => {
  const coordinate = fc.integer({ min: 0, max: 60 })
  const box = fc
    .tuple(coordinate, coordinate, coordinate, coordinate)
    .map(([x, y, w, h]): Box => [x, y, x + w + 1, y + h + 1])
  const scene = fc.record({
    truth: fc.array(
      fc.record({ box, label: fc.nat(1), isCrowd: fc.boolean(), area: fc.integer({ min: 1, max: 3000 }) }),
      {
        maxLength: 4,
      },
    ),
    detections: fc.array(fc.record({ box, label: fc.nat(1), score: fc.double({ min: 0, max: 1, noNaN: true }) }), {
      maxLength: 6,
    }),
  })
  fc.assert(
    fc.property(fc.uniqueArray(scene, { maxLength: 4 }), scenes => {
      const scores = scenes.flatMap(({ detections }) => detections.map(({ score }) => score))
      fc.pre(new Set(scores).size === scores.length)
      const turned = scenes
        .toReversed()
        .map(({ truth, detections }) => ({ truth, detections: detections.toReversed() }))
      expect(cocoMap(turned)).toEqual(cocoMap(scenes))
    }),
  )
})
