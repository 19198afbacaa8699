/** COCO's mean average precision of boxes, equal to pycocotools' `COCOeval(..., 'bbox')`. */
import { type ClassMatches, IOU_THRESHOLDS, matchScene, type Scene, type SceneMatches } from './coco-matching.ts'

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
  const inRange = (areas: readonly [number, number]) =>
    averagePrecisions(rankByClass(scenes.map(scene => matchScene(scene, areas))))
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

/** The detections of one class in all images, the highest score first. */
export interface RankedClass {
  readonly label: number
  /** [detections]; see `ClassMatches`. */
  readonly right: Uint16Array
  readonly ignored: Uint16Array
  /** [detections]: the index of the image. */
  readonly scene: Int32Array
  /** [images]: objects to be found. */
  readonly objects: Int32Array
}

/** Brings the images' detections together; by label. */
export function rankByClass(scenes: readonly SceneMatches[]): RankedClass[] {
  const labels = new Set(scenes.flatMap(scene => [...scene.keys()]))
  const images = new Map<number, { scene: number; matches: ClassMatches }[]>()
  for (const label of labels) images.set(label, [])
  for (const [scene, byLabel] of scenes.entries())
    for (const [label, matches] of byLabel) images.get(label)?.push({ scene, matches })
  return Array.from(images, ([label, ofClass]) => rankClass(label, ofClass, scenes.length)).sort(
    (a, b) => a.label - b.label,
  )
}

function rankClass(
  label: number,
  images: readonly { readonly scene: number; readonly matches: ClassMatches }[],
  scenes: number,
): RankedClass {
  const all = images.flatMap(({ scene, matches: { scores, right, ignored } }) =>
    scores.map((score, i) => ({ score, right: right[i] ?? 0, ignored: ignored[i] ?? 0, scene })),
  )
  all.sort((a, b) => b.score - a.score)
  const objects = new Int32Array(scenes)
  for (const { scene, matches } of images) objects[scene] = matches.objects
  return {
    label,
    right: Uint16Array.from(all, detection => detection.right),
    ignored: Uint16Array.from(all, detection => detection.ignored),
    scene: Int32Array.from(all, detection => detection.scene),
    objects,
  }
}

/** Average precision at each of the IoU thresholds, by label, of the classes that have an object to find. */
export type AveragePrecisions = ReadonlyMap<number, readonly number[]>

/** `isLeftOut`: [images], 1 for those that do not count; all count where it is not given. */
export function averagePrecisions(classes: readonly RankedClass[], isLeftOut?: Uint8Array): AveragePrecisions {
  return new Map(
    classes.flatMap(ranked => {
      const objects = ranked.objects.reduce((sum, count, scene) => sum + (isLeftOut?.[scene] === 1 ? 0 : count), 0)
      if (objects === 0) return []
      return [
        [ranked.label, IOU_THRESHOLDS.map((_, t) => averagePrecision(ranked, 1 << t, objects, isLeftOut))] as const,
      ]
    }),
  )
}

/** Over classes and thresholds (indices into IOU_THRESHOLDS; all where none are named); null where there is no class. */
export function meanAveragePrecision(precisions: AveragePrecisions, thresholds?: readonly number[]): number | null {
  const values = [...precisions.values()].flatMap(byThreshold =>
    thresholds === undefined ? byThreshold : thresholds.map(at => byThreshold[at] ?? Number.NaN),
  )
  return values.length === 0 ? null : mean(values)
}

/**
 * The mean over the recalls of the best precision that is had at that recall or a larger one. Precision is best at a right detection, so
 * that those alone are looked at: the k-th is at recall k / objects.
 */
function averagePrecision(
  { right, ignored, scene }: RankedClass,
  bit: number,
  objects: number,
  isLeftOut: Uint8Array | undefined,
): number {
  const precision: number[] = []
  let wrong = 0
  for (let i = 0; i < right.length; i++) {
    if (isLeftOut?.[scene[i] ?? -1] === 1) continue
    if (((right[i] ?? 0) & bit) !== 0) precision.push((precision.length + 1) / (precision.length + 1 + wrong + SPACING))
    else if (((ignored[i] ?? 0) & bit) === 0) wrong++
  }
  for (let k = precision.length - 1; k > 0; k--) precision[k - 1] = Math.max(precision[k - 1] ?? 0, precision[k] ?? 0)
  let at = 0
  let sum = 0
  for (const recall of RECALLS) {
    while (at < precision.length && (at + 1) / objects < recall) at++
    sum += precision[at] ?? 0
  }
  return sum / RECALLS.length
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
