/** From what a detector gives to boxes of the original image. Pure. */
import { type Box, batchedNms, type Detection } from '../../metrics/index.ts'
import { type NamedTensors, type TensorData, tensorOf, toFloat32, toNumbers } from '../../tensor.ts'
import { type Placed, toOriginal } from './preprocessing.ts'
import type { Size } from './resample.ts'

/** What a detection must score, above, and by how much two of a class may overlap. */
export interface Thresholds {
  readonly score: number
  readonly overlap: number
  /** The most detections of an image; the best ones stay. */
  readonly most: number
}

/** An image as it was put into the model's input. */
export interface Frame {
  readonly placed: Placed
  readonly original: Size
}

/**
 * Detections of one image by a head that gives a box for each anchor: each counts for its best class, where that scores above the
 * threshold; then suppression within each class, in px of the input.
 * @param logits - [1, anchors, classes], before the sigmoid
 * @param boxes - [1, anchors, 4]: centre, width and height in px of the input
 */
export function detectionsOfAnchors(logits: TensorData, boxes: TensorData, thresholds: Thresholds): Detection[] {
  const classes = logits.shape.at(-1) ?? 1
  const [raw, places] = [toFloat32(logits), toFloat32(boxes)]
  const found: Detection[] = []
  for (let anchor = 0; anchor * classes < raw.length; anchor++) {
    let label = 0
    for (let at = 1; at < classes; at++)
      if ((raw[anchor * classes + at] ?? 0) > (raw[anchor * classes + label] ?? 0)) label = at
    const score = sigmoid(raw[anchor * classes + label] ?? 0)
    // Not `score <= threshold`, which NaN would pass: what is no number is no detection, and a check looks at the raw outputs.
    if (!(score > Math.fround(thresholds.score))) continue
    found.push({ box: corners(places.subarray(anchor * 4, anchor * 4 + 4)), score, label })
  }
  return batchedNms(found, thresholds.overlap)
    .slice(0, thresholds.most)
    .flatMap(index => found[index] ?? [])
}

const sigmoid = (x: number) => Math.fround(1 / (1 + Math.exp(-x)))

function corners([x = 0, y = 0, width = 0, height = 0]: Float32Array): Box {
  const [across, down] = [width / 2, height / 2]
  return [Math.fround(x - across), Math.fround(y - down), Math.fround(x + across), Math.fround(y + down)]
}

/** Detections of one image by a graph that suppresses itself: boxes [n, 4] in px of the input, scores [n], labels [n]. */
export function detectionsOfGraph(boxes: TensorData, scores: TensorData, labels: TensorData): Detection[] {
  const [places, likely, classes] = [toFloat32(boxes), toFloat32(scores), toNumbers(labels)]
  return classes.map((label, at) => ({
    box: [places[at * 4] ?? 0, places[at * 4 + 1] ?? 0, places[at * 4 + 2] ?? 0, places[at * 4 + 3] ?? 0],
    score: likely[at] ?? 0,
    label,
  }))
}

/** Detections in px of the original image, within it, the best first, in the dataset's classes; as a case holds them. */
export function sceneOutputs(
  found: readonly Detection[],
  { placed, original }: Frame,
  classNumber: (label: number) => number,
): NamedTensors {
  const { width, height } = original
  const within = (value: number, most: number) => Math.min(most, Math.max(0, value))
  // Stable: of equal scores the order of the model's own output.
  const sorted = found.toSorted((a, b) => b.score - a.score)
  const boxes = sorted.flatMap(({ box }) => {
    const [x1, y1, x2, y2] = toOriginal(box, placed, original)
    return [within(x1, width), within(y1, height), within(x2, width), within(y2, height)]
  })
  return {
    boxes: tensorOf([sorted.length, 4], Float32Array.from(boxes)),
    scores: tensorOf(
      [sorted.length],
      Float32Array.from(sorted, ({ score }) => score),
    ),
    labels: tensorOf(
      [sorted.length],
      BigInt64Array.from(sorted, ({ label }) => BigInt(classNumber(label))),
    ),
  }
}
