/**
 * Boxes that one side alone has, and whether a threshold that they lie near to explains it.
 *
 * Two thresholds decide on a box after the model has found it: its score must be above the one, and its overlap with a better box of its
 * class must not be above the other (non-maximum suppression). A device that rounds may fall on the other side of either. From the boxes
 * that were left on both sides alone, this much can be told:
 *
 * - a box whose score lies within the noise of the score threshold may be missing on the other side;
 * - a box beside a better one that both sides have, which it overlaps nearly as much as suppression allows, may have been suppressed there.
 *
 * A box that overlaps another of its own side by more than suppression allows was not suppressed where it should have been: no threshold
 * explains it.
 */
import { type Detection, iou } from '../metrics/index.ts'

/** What decided on the boxes of an image, and how near to it a box may be. */
export interface BoxThresholds {
  /** The lowest score that a box may have. */
  readonly score: number
  /** The overlap (IoU) above which the better of two boxes of a class suppresses the other. */
  readonly overlap: number
}

export interface ThresholdNoise {
  readonly score: number
  readonly overlap: number
}

/** Why a box is on one side alone. */
export type Unmatched = 'fault' | 'near-score' | 'near-suppression'

/** `matched`: boxes of the same side that the other side has too; `others`: all further boxes of the same side. */
export function explainUnmatched(
  detection: Detection,
  { matched, others }: { readonly matched: readonly Detection[]; readonly others: readonly Detection[] },
  thresholds: BoxThresholds | null,
  noise: ThresholdNoise,
): Unmatched {
  if (thresholds === null) return 'fault'
  const overlapOf = (other: Detection) => (other.label === detection.label ? iou(other.box, detection.box) : 0)
  if (others.some(other => overlapOf(other) > thresholds.overlap + noise.overlap)) return 'fault'
  if (detection.score < thresholds.score + noise.score) return 'near-score'
  const mayHaveSuppressed = (other: Detection) =>
    other.score >= detection.score - noise.score && Math.abs(overlapOf(other) - thresholds.overlap) <= noise.overlap
  return matched.some(mayHaveSuppressed) ? 'near-suppression' : 'fault'
}
