import { bestAssignment } from './assignment.ts'
import { type Detection, iou } from './boxes.ts'

/** Boxes that overlap less are not the same object. */
const LEAST_IOU = 0.5

/** What a difference of scores weighs beside one of overlap: it decides only where boxes lie nearly on each other. */
const SCORE_WEIGHT = 1e-3

/** Two sets of boxes matched one to one. Indices into the two sets. */
export interface BoxMatches {
  readonly pairs: readonly { readonly reference: number; readonly device: number; readonly iou: number }[]
  readonly unmatchedReference: readonly number[]
  readonly unmatchedDevice: readonly number[]
}

/**
 * Matches boxes one to one, by class and overlap (IoU of at least 0.5), so that the sum of the overlaps is the largest. The order of the
 * boxes plays no part; where two overlap alike, the nearer score decides.
 */
export function matchBoxes(reference: readonly Detection[], device: readonly Detection[]): BoxMatches {
  const labels = new Set(reference.map(({ label }) => label))
  const pairs = [...labels].flatMap(label => pairsOf(withLabel(reference, label), withLabel(device, label)))
  const [ours, theirs] = [new Set(pairs.map(pair => pair.reference)), new Set(pairs.map(pair => pair.device))]
  return {
    pairs: pairs.sort((a, b) => a.reference - b.reference),
    unmatchedReference: [...reference.keys()].filter(index => !ours.has(index)),
    unmatchedDevice: [...device.keys()].filter(index => !theirs.has(index)),
  }
}

type Indexed = readonly (readonly [index: number, detection: Detection])[]

function withLabel(detections: readonly Detection[], label: number): Indexed {
  return [...detections.entries()].filter(([, detection]) => detection.label === label)
}

function pairsOf(reference: Indexed, device: Indexed): { reference: number; device: number; iou: number }[] {
  const overlaps = reference.map(([, ours]) => device.map(([, theirs]) => overlap(ours, theirs)))
  const values = overlaps.map((row, i) =>
    row.map((value, j) => (value < LEAST_IOU ? 0 : value - SCORE_WEIGHT * scoreDifference(reference[i], device[j]))),
  )
  return bestAssignment(values).flatMap((column, row) => {
    const [ours, theirs, value] = [reference[row], device[column], overlaps[row]?.[column] ?? 0]
    const isPair = ours !== undefined && theirs !== undefined && value >= LEAST_IOU
    return isPair ? [{ reference: ours[0], device: theirs[0], iou: value }] : []
  })
}

/** A box without area overlaps itself all the same. */
function overlap(a: Detection, b: Detection): number {
  return a.box.every((value, i) => value === b.box[i]) ? 1 : iou(a.box, b.box)
}

function scoreDifference(a: Indexed[number] | undefined, b: Indexed[number] | undefined): number {
  return Math.min(1, Math.abs((a?.[1].score ?? 0) - (b?.[1].score ?? 0)))
}
