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

/** The detections of one class in one image, the highest score first. */
export interface ClassMatches {
  readonly scores: readonly number[]
  /** [detections]; bit t is set where the detection is right at IOU_THRESHOLDS[t]. */
  readonly right: Uint16Array
  /** [detections]; bit t is set where it is neither right nor wrong there. */
  readonly ignored: Uint16Array
  /** Objects to be found: no crowds, and none outside the range of areas. */
  readonly objects: number
}

/** By label. */
export type SceneMatches = ReadonlyMap<number, ClassMatches>

/** `areas`: the smallest and the largest area that counts, in px². */
export function matchScene({ truth, detections }: Scene, areas: readonly [number, number]): SceneMatches {
  const truthOf = Map.groupBy(truth, ({ label }) => label)
  const detectionsOf = Map.groupBy(detections, ({ label }) => label)
  const labels = new Set([...truthOf.keys(), ...detectionsOf.keys()])
  return new Map(
    Array.from(labels, label => [label, matchClass(truthOf.get(label) ?? [], detectionsOf.get(label) ?? [], areas)]),
  )
}

const EVERY_THRESHOLD = 2 ** IOU_THRESHOLDS.length - 1

function matchClass(
  truth: readonly TruthBox[],
  detections: readonly Detection[],
  areas: readonly [number, number],
): ClassMatches {
  const isOutside = (area: number) => area < areas[0] || area > areas[1]
  const isIgnored = ({ isCrowd, area }: TruthBox) => isCrowd || isOutside(area)
  // Sorting keeps the order of equals, as pycocotools' merge sort does.
  const objects = truth.toSorted((a, b) => Number(isIgnored(a)) - Number(isIgnored(b)))
  const found = detections.toSorted((a, b) => b.score - a.score).slice(0, MOST_DETECTIONS)
  const counted = objects.filter(object => !isIgnored(object)).length
  const overlaps = found.map(({ box }) => objects.map(object => overlapWith(object, box)))
  const right = new Uint16Array(found.length)
  const ignored = Uint16Array.from(found, ({ box }) => (isOutside(boxArea(box)) ? EVERY_THRESHOLD : 0))
  for (const [t, threshold] of IOU_THRESHOLDS.entries()) {
    const taken = new Uint8Array(objects.length)
    for (const [i, own] of overlaps.entries()) {
      const match = bestObject(own, threshold, objects, counted, taken)
      if (match < 0) continue
      taken[match] = 1
      const bit = 1 << t
      if (match < counted) right[i] = (right[i] ?? 0) | bit
      ignored[i] = match < counted ? (ignored[i] ?? 0) & ~bit : (ignored[i] ?? 0) | bit
    }
  }
  return { scores: found.map(({ score }) => score), right, ignored, objects: counted }
}

/**
 * The object that a detection is taken for: the one it overlaps most, one that counts before one that is ignored; -1 for none.
 * `objects`: the `counted` ones first, then those that are ignored.
 */
function bestObject(
  overlaps: readonly number[],
  threshold: number,
  objects: readonly TruthBox[],
  counted: number,
  taken: Uint8Array,
): number {
  let least = Math.min(threshold, 1 - 1e-10)
  let best = -1
  for (let i = 0; i < overlaps.length; i++) {
    if (best >= 0 && best < counted && i >= counted) break
    const overlap = overlaps[i] ?? 0
    if (overlap < least) continue
    // Many detections may lie in one crowd.
    if (taken[i] === 1 && objects[i]?.isCrowd !== true) continue
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
