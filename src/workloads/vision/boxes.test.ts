import { expect, test } from 'vitest'
import { tensorOf, toFloat32, toNumbers } from '../../tensor.ts'
import { detectionsOfAnchors, sceneOutputs } from './boxes.ts'

const THRESHOLDS = { score: 0.25, overlap: 0.5, most: 300 }
/** The number whose sigmoid it is. */
const logit = (p: number) => Math.log(p / (1 - p))

/** Anchors as [score of each class ...], with boxes [cx, cy, w, h]. */
function found(anchors: readonly { scores: readonly number[]; box: readonly number[] }[], thresholds = THRESHOLDS) {
  const classes = anchors[0]?.scores.length ?? 0
  const logits = tensorOf(
    [1, anchors.length, classes],
    Float32Array.from(anchors.flatMap(({ scores }) => scores.map(logit))),
  )
  const boxes = tensorOf([1, anchors.length, 4], Float32Array.from(anchors.flatMap(({ box }) => [...box])))
  return detectionsOfAnchors(logits, boxes, thresholds)
}

test('an anchor counts for its best class, above the threshold alone', () => {
  const detections = found([
    { scores: [0.3, 0.9], box: [50, 50, 20, 10] },
    { scores: [0.2, 0.1], box: [10, 10, 4, 4] },
  ])
  expect(detections).toHaveLength(1)
  expect(detections[0]).toMatchObject({ label: 1, box: [40, 45, 60, 55] })
  expect(detections[0]?.score).toBeCloseTo(0.9, 6)
})

test('of boxes that overlap, the best of a class stays, and another class is no rival', () => {
  const box = [50, 50, 20, 20]
  const detections = found([
    { scores: [0.6, 0.1], box },
    { scores: [0.8, 0.1], box: [51, 50, 20, 20] },
    { scores: [0.1, 0.7], box },
  ])
  expect(detections.map(({ label, box: [x1] }) => [label, x1])).toEqual([
    [0, 41],
    [1, 40],
  ])
})

test('no more than the most stay, the best of them; a score that is no number is no detection', () => {
  const anchors = [0.5, 0.9, 0.7].map((score, at) => ({ scores: [score], box: [at * 50, 0, 10, 10] }))
  expect(found(anchors, { ...THRESHOLDS, most: 2 }).map(({ score }) => score.toFixed(1))).toEqual(['0.9', '0.7'])
  expect(found([{ scores: [Number.NaN], box: [0, 0, 1, 1] }])).toEqual([])
})

test('boxes of a letterboxed image come back to its own px, within it, the best first, in the dataset’s classes', () => {
  // 200 x 100 px in 100 x 100: half the size, 25 px below the edge.
  const frame = {
    placed: { size: { width: 100, height: 50 }, left: 0, top: 25 },
    original: { width: 200, height: 100 },
  }
  const outputs = sceneOutputs(
    [
      { box: [10, 30, 20, 40], score: 0.5, label: 0 },
      { box: [-5, 20, 110, 80], score: 0.75, label: 1 },
    ],
    frame,
    label => 7 - label,
  )
  const { boxes, scores, labels } = outputs
  if (!boxes || !scores || !labels) throw new Error('no outputs')
  expect([...toFloat32(boxes)]).toEqual([0, 0, 200, 100, 20, 10, 40, 30])
  expect([...toFloat32(scores)]).toEqual([0.75, 0.5])
  expect(toNumbers(labels)).toEqual([6, 7])
})
