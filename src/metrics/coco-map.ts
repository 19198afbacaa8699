/** COCO's mean average precision of boxes, equal to pycocotools' `COCOeval(..., 'bbox')`. */
import {
  type ClassMatches,
  IOU_THRESHOLDS,
  matchScene,
  OUTCOME,
  type Scene,
  type SceneMatches,
} from './coco-matching.ts'

/** In px²; COCO calls an object small below 32² and large above 96². */
export const AREAS = {
  all: [0, 1e10],
  small: [0, 32 ** 2],
  medium: [32 ** 2, 96 ** 2],
  large: [96 ** 2, 1e10],
} as const satisfies Readonly<Record<string, readonly [number, number]>>

/** Recall at which precision is read: 0, 0.01 ... 1. */
const RECALLS: readonly number[] = Array.from({ length: 101 }, (_, i) => i * 0.01)

/** NumPy's `spacing(1)`, which pycocotools adds so as not to divide by 0. */
const SPACING = 2 ** -52

/** Average precision at each of the IoU thresholds, by label, of the classes that have an object to find. */
export type AveragePrecisions = ReadonlyMap<number, readonly number[]>

/** Mean average precisions, 0 to 1; null where no object is to be found. */
export interface CocoMap {
  /** Over the IoU thresholds 0.50 to 0.95, the figure by which COCO ranks. */
  readonly map: number | null
  readonly map50: number | null
  readonly map75: number | null
  readonly small: number | null
  readonly medium: number | null
  readonly large: number | null
  /** `map` of each class. */
  readonly byLabel: ReadonlyMap<number, number>
}

/** Scores of one class in all images count together, so that the images' order matters only where scores are equal. */
export function cocoMap(scenes: readonly Scene[]): CocoMap {
  const inRange = (areas: readonly [number, number]) => averagePrecisions(scenes.map(scene => matchScene(scene, areas)))
  const all = inRange(AREAS.all)
  return {
    map: meanAveragePrecision(all),
    map50: meanAveragePrecision(all, [0]),
    map75: meanAveragePrecision(all, [5]),
    small: meanAveragePrecision(inRange(AREAS.small)),
    medium: meanAveragePrecision(inRange(AREAS.medium)),
    large: meanAveragePrecision(inRange(AREAS.large)),
    byLabel: new Map(Array.from(all, ([label, byThreshold]) => [label, mean(byThreshold)])),
  }
}

/** `scenes`: the images that count together, each as it was matched. */
export function averagePrecisions(scenes: readonly SceneMatches[]): AveragePrecisions {
  const byLabel = new Map<number, ClassMatches[]>()
  for (const scene of scenes)
    for (const [label, matches] of scene) {
      const list = byLabel.get(label)
      if (list === undefined) byLabel.set(label, [matches])
      else list.push(matches)
    }
  return new Map(
    Array.from(byLabel)
      .filter(([, images]) => images.some(({ objects }) => objects > 0))
      .toSorted(([a], [b]) => a - b)
      .map(([label, images]) => [label, classPrecisions(images)]),
  )
}

/** Over classes and thresholds (indices into IOU_THRESHOLDS; all where none are named); null where there is no class. */
export function meanAveragePrecision(precisions: AveragePrecisions, thresholds?: readonly number[]): number | null {
  const values = [...precisions.values()].flatMap(byThreshold =>
    thresholds === undefined ? byThreshold : thresholds.map(at => byThreshold[at] ?? Number.NaN),
  )
  return values.length === 0 ? null : mean(values)
}

function classPrecisions(images: readonly ClassMatches[]): number[] {
  const objects = images.reduce((sum, image) => sum + image.objects, 0)
  const scores = images.flatMap(image => image.scores)
  const order = [...scores.keys()].sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0))
  return IOU_THRESHOLDS.map((_, threshold) => {
    const outcomes = images.flatMap(image => Array.from(image.outcomes[threshold] ?? []))
    return averagePrecision(
      order.map(index => outcomes[index] ?? OUTCOME.ignored),
      objects,
    )
  })
}

/** Of detections by falling score: the mean over the recalls of the best precision that is had at that recall or a larger one. */
function averagePrecision(outcomes: readonly number[], objects: number): number {
  const recall = new Float64Array(outcomes.length)
  const precision = new Float64Array(outcomes.length)
  let [right, wrong] = [0, 0]
  for (const [i, outcome] of outcomes.entries()) {
    if (outcome === OUTCOME.right) right++
    else if (outcome === OUTCOME.wrong) wrong++
    recall[i] = right / objects
    precision[i] = right / (right + wrong + SPACING)
  }
  for (let i = precision.length - 1; i > 0; i--) precision[i - 1] = Math.max(precision[i - 1] ?? 0, precision[i] ?? 0)
  let at = 0
  let sum = 0
  for (const wanted of RECALLS) {
    while (at < recall.length && (recall[at] ?? 0) < wanted) at++
    sum += precision[at] ?? 0
  }
  return sum / RECALLS.length
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
