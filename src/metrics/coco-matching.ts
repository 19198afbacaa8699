/** One image's detections held against its truth, as the COCO evaluation does: pycocotools, `COCOeval.evaluateImg`. */
import { type Box, boxArea, type Detection, sharedArea } from './boxes.ts'

/** An object that is there. A crowd is a region of many objects: what lies in it is neither right nor wrong. */
export interface TruthBox {
  readonly box: Box
  readonly label: number
  readonly isCrowd: boolean
  /** In px², of the object's outline where the dataset has one: it says whether the object is small, medium or large. */
  readonly area: number
}

/** The truth and the detections of one image. */
export interface Scene {
  readonly truth: readonly TruthBox[]
  readonly detections: readonly Detection[]
}

/** 0.50, 0.55 ... 0.95. With the rounding of `numpy.linspace`, since an overlap may lie exactly on one. */
export const IOU_THRESHOLDS: readonly number[] = Array.from({ length: 10 }, (_, i) =>
  i === 9 ? 0.95 : 0.5 + i * ((0.95 - 0.5) / 9),
)

/** Detections of one class and image that count: those with the highest scores. */
const MOST_DETECTIONS = 100

export const OUTCOME = { wrong: 0, right: 1, ignored: 2 } as const

/** One class of one image. */
export interface ClassMatches {
  /** Highest first. */
  readonly scores: readonly number[]
  /** [thresholds][detections] of OUTCOME. */
  readonly outcomes: readonly Uint8Array[]
  /** Objects to be found: no crowds, and none outside the range of areas. */
  readonly objects: number
}

/** By label. */
export type SceneMatches = ReadonlyMap<number, ClassMatches>

/** `areas`: the smallest and the largest area that counts, in px². */
export function matchScene({ truth, detections }: Scene, areas: readonly [number, number]): SceneMatches {
  const labels = new Set([...truth, ...detections].map(({ label }) => label))
  return new Map(
    Array.from(labels, label => [
      label,
      matchClass(
        truth.filter(object => object.label === label),
        detections.filter(detection => detection.label === label),
        areas,
      ),
    ]),
  )
}

function matchClass(
  truth: readonly TruthBox[],
  detections: readonly Detection[],
  areas: readonly [number, number],
): ClassMatches {
  const isOutside = (area: number) => area < areas[0] || area > areas[1]
  const isIgnored = ({ isCrowd, area }: TruthBox) => isCrowd || isOutside(area)
  // Sorting keeps the order of equals, as pycocotools' merge sort does.
  const objects = truth.toSorted((a, b) => Number(isIgnored(a)) - Number(isIgnored(b)))
  const ignored = objects.map(isIgnored)
  const found = detections.toSorted((a, b) => b.score - a.score).slice(0, MOST_DETECTIONS)
  const overlaps = found.map(({ box }) => objects.map(object => overlapWith(object, box)))
  const outcomes = IOU_THRESHOLDS.map(threshold => {
    const taken = new Uint8Array(objects.length)
    return Uint8Array.from(found, ({ box }, i) => {
      const match = bestObject(overlaps[i] ?? [], threshold, objects, ignored, taken)
      if (match < 0) return isOutside(boxArea(box)) ? OUTCOME.ignored : OUTCOME.wrong
      taken[match] = 1
      return ignored[match] === true ? OUTCOME.ignored : OUTCOME.right
    })
  })
  return { scores: found.map(({ score }) => score), outcomes, objects: ignored.filter(ignore => !ignore).length }
}

/** The object that a detection is taken for: the one it overlaps most, one that counts before one that is ignored; -1 for none. */
function bestObject(
  overlaps: readonly number[],
  threshold: number,
  objects: readonly TruthBox[],
  ignored: readonly boolean[],
  taken: Uint8Array,
): number {
  let least = Math.min(threshold, 1 - 1e-10)
  let best = -1
  for (const [i, object] of objects.entries()) {
    // Many detections may lie in one crowd.
    if (taken[i] === 1 && !object.isCrowd) continue
    // Those that are ignored come last.
    if (best >= 0 && ignored[best] === false && ignored[i] === true) break
    const overlap = overlaps[i] ?? 0
    if (overlap < least) continue
    least = overlap
    best = i
  }
  return best
}

/** IoU; of a crowd, the share of the detection that lies in it. */
function overlapWith({ box, isCrowd }: TruthBox, detection: Box): number {
  const shared = sharedArea(detection, box)
  if (shared === 0) return 0
  const own = boxArea(detection)
  return shared / (isCrowd ? own : own + boxArea(box) - shared)
}
