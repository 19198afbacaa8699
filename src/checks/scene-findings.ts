/** What is wrong with the boxes of an image, in sentences. */
import type { Threshold } from '../events/result.ts'
import { coordinateDifference, type Detection, iou } from '../metrics/index.ts'
import { type ComparedScene, sayBox } from './detections.ts'
import { type Finding, failed } from './finding.ts'
import type { ThresholdNoise, Unmatched } from './unmatched-boxes.ts'
import { caseLabel, say, sayMeasured } from './wording.ts'

export interface SceneLimits {
  readonly coordinatePx: Threshold
  readonly score: Threshold
  readonly noise: ThresholdNoise
  readonly names: readonly string[] | undefined
}

/** A box that one side alone has. */
export interface Single {
  readonly side: 'reference' | 'device'
  readonly index: number
  readonly detection: Detection
  readonly why: Unmatched
}

export interface MatchedPair {
  /** Of the reference's box. */
  readonly index: number
  readonly ours: Detection
  readonly theirs: Detection
}

export function pairFindings(
  id: string,
  { ours, theirs }: MatchedPair,
  { coordinatePx, score, names }: SceneLimits,
): Finding[] {
  const what = `${nameOf(ours.label, names)} of ${caseLabel(id)}`
  const moved = coordinateDifference(ours.box, theirs.box)
  const off = Math.abs(ours.score - theirs.score)
  return [
    ...(moved > coordinatePx.limit
      ? [
          failed(
            `${what} is off by ${sayMeasured(moved)} px (limit ${say(coordinatePx.limit)}): ${sayBox(theirs)} against ${sayBox(ours)}`,
          ),
        ]
      : []),
    ...(off > score.limit
      ? [
          failed(
            `the score of ${what} is off by ${say(off)} (limit ${say(score.limit)}): ${sayBox(theirs)} against ${sayBox(ours)}`,
          ),
        ]
      : []),
  ]
}

export function sayFault(
  { id, reference, device }: ComparedScene,
  single: Single,
  names: SceneLimits['names'],
): string {
  const label = caseLabel(id)
  const { side, detection } = single
  const what = `${nameOf(detection.label, names)} at ${sayBox(detection)}`
  const opposite = (side === 'reference' ? device : reference).filter(({ box }) => iou(box, detection.box) >= 0.5)
  const [other] = opposite.filter(({ label }) => label !== detection.label)
  const called = other === undefined ? '' : `, which has ${nameOf(other.label, names)} there`
  return side === 'reference'
    ? `${what} of ${label} is not among the device's boxes${called}`
    : `${what} of ${label} is not among the reference's boxes${called}`
}

export function saySingle({ side, detection }: Single, names: SceneLimits['names']): string {
  return `${side} alone: ${nameOf(detection.label, names)} at ${sayBox(detection)}`
}

function nameOf(label: number, names: SceneLimits['names']): string {
  return names?.[label] ?? `class ${label}`
}

export function sayTolerated(single: Single, names: SceneLimits['names']): string {
  return `${saySingle(single, names)}: ${WHY[single.why]}`
}

const WHY: Readonly<Record<Unmatched, string>> = {
  fault: 'no threshold explains it',
  'near-score': 'its score is near the threshold',
  'near-suppression': 'it overlaps a better box nearly as much as suppression allows',
}
