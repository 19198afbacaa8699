/** What the classes of many images say together. */
import { mcnemarExact } from '../metrics/index.ts'
import { ACCURACY } from './defaults.ts'
import { type Finding, failed, inconclusive } from './finding.ts'
import { ALPHA, pairedError, smallestMeanShift } from './smallest-drop.ts'
import { say, sayMeasured } from './wording.ts'

/** Where each side has an image's true class among its classes, 0 for the most probable. */
export interface Ranks {
  readonly reference: number
  readonly device: number
}

/** Right answers of both sides over the same images; shares are 0 to 1. */
export interface Accuracy {
  readonly images: number
  readonly reference: number
  readonly device: number
  readonly difference: number
  /** Images that the reference alone has right, and the device alone. */
  readonly lost: number
  readonly gained: number
  /** Of McNemar's exact test: how likely so uneven a change is by chance. */
  readonly p: number
}

/** An answer is right where the true class is among the first `k`. */
export function accuracyOf(ranks: readonly Ranks[], k: number): Accuracy {
  const count = (matches: (ranks: Ranks) => boolean) => ranks.filter(matches).length
  const images = ranks.length
  const lost = count(({ reference, device }) => reference < k && device >= k)
  const gained = count(({ reference, device }) => reference >= k && device < k)
  return {
    images,
    reference: count(({ reference }) => reference < k) / images,
    device: count(({ device }) => device < k) / images,
    difference: Math.abs(lost - gained) / images,
    lost,
    gained,
    p: mcnemarExact(lost, gained),
  }
}

/**
 * What keeps an accuracy from passing. A difference beyond the limit is a fault only where chance does not explain it: one near tie of
 * twenty images is 5 points. Within the limit, images that changed sides must not leave room for a drop beyond it.
 */
export function accuracyFindings(what: string, accuracy: Accuracy): Finding[] {
  const { images, reference, device, difference, lost, gained, p } = accuracy
  if (images === 0) return []
  const { limit } = ACCURACY
  const sides = `${lost} of ${images} images lost, ${gained} gained`
  if (difference > limit) {
    const reason =
      `${what} is ${sayPercent(device)} where the reference's is ${sayPercent(reference)}, off by ${sayPoints(difference)} points ` +
      `(limit ${sayPoints(limit)}): ${sides}`
    return p < ALPHA
      ? [failed(`${reason}, McNemar's p ${say(p)}`)]
      : [inconclusive(`${reason}, which may be chance (McNemar's p ${sayMeasured(p)})`)]
  }
  const shown = smallestMeanShift(pairedError(images, lost, gained))
  if (shown <= limit) return []
  return [
    inconclusive(
      `${sides}: with so many changes a drop of ${what} by less than ${sayPoints(shown)} points would not have shown (limit ${sayPoints(limit)})`,
    ),
  ]
}

const sayPercent = (share: number): string => `${sayMeasured(100 * share)} %`
const sayPoints = (share: number): string => say(Number((100 * share).toPrecision(3)))
