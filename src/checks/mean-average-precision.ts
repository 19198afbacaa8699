/** COCO's mean average precision of both sides over the same images, and how surely they differ. */
import {
  AREAS,
  averagePrecisions,
  type CocoMap,
  cocoMap,
  matchScene,
  meanAveragePrecision,
  type RankedClass,
  rankByClass,
  type Scene,
} from '../metrics/index.ts'

/** One image, with both sides' boxes. */
export interface ScenePair {
  readonly truth: Scene['truth']
  readonly reference: Scene['detections']
  readonly device: Scene['detections']
}

export interface MapComparison {
  readonly reference: CocoMap
  readonly device: CocoMap
  /** Device minus reference. */
  readonly change: number
  /** Of `change`; NaN for fewer than two images. */
  readonly standardError: number
}

/** Each costs a mean average precision of both sides. */
const MOST_GROUPS = 50

/** Null where no object is to be found. */
export function compareMap(scenes: readonly ScenePair[]): MapComparison | null {
  const sideOf = (side: 'reference' | 'device') =>
    scenes.map(scene => ({ truth: scene.truth, detections: scene[side] }))
  const [reference, device] = [cocoMap(sideOf('reference')), cocoMap(sideOf('device'))]
  if (reference.map === null || device.map === null) return null
  const ranked = (side: 'reference' | 'device') => rankByClass(sideOf(side).map(scene => matchScene(scene, AREAS.all)))
  const standardError = jackknifeError(scenes.length, ranked('reference'), ranked('device'))
  return { reference, device, change: device.map - reference.map, standardError }
}

/**
 * The standard error of the difference by the delete-a-group jackknife: the difference without each group of images in turn, images dealt
 * out in order. A mean average precision is no mean over images, so that theirs has no closed form.
 * Source: P. S. Kott, The Delete-a-Group Jackknife, Journal of Official Statistics 17(4), 2001; with one image to a group, J. W. Tukey's.
 */
function jackknifeError(images: number, reference: readonly RankedClass[], device: readonly RankedClass[]): number {
  const groups = Math.min(MOST_GROUPS, images)
  const changes = Array.from({ length: groups }, (_, group) => {
    const isLeftOut = Uint8Array.from({ length: images }, (_, image) => Number(image % groups === group))
    const without = (side: readonly RankedClass[]) => meanAveragePrecision(averagePrecisions(side, isLeftOut))
    const [ours, theirs] = [without(reference), without(device)]
    return ours === null || theirs === null ? null : theirs - ours
  }).filter(change => change !== null)
  if (changes.length < 2) return Number.NaN
  const mean = changes.reduce((sum, change) => sum + change, 0) / changes.length
  const squares = changes.reduce((sum, change) => sum + (change - mean) ** 2, 0)
  return Math.sqrt(((changes.length - 1) / changes.length) * squares)
}
