/** The verdict over the boxes of one image. */
import type { WorstElement } from '../events/result.ts'
import { compareElements, coordinateDifference, type Detection, matchBoxes } from '../metrics/index.ts'
import { type CaseJudgement, jsonNumber, jsonNumbers, unmeasured } from './conclusion.ts'
import { type ComparedScene, comparableScene, twoNumbers } from './detections.ts'
import { type Finding, failed, inconclusive, settle } from './finding.ts'
import type { CasePair } from './pairing.ts'
import {
  type MatchedPair,
  pairFindings,
  type SceneLimits,
  type Single,
  sayFault,
  saySingle,
  sayTolerated,
} from './scene-findings.ts'
import { type BoxThresholds, explainUnmatched, type ThresholdNoise, type Unmatched } from './unmatched-boxes.ts'
import { caseLabel, sayFew } from './wording.ts'

/** What one image adds to the whole. Counts are of boxes. */
export interface SceneMeasurement {
  readonly matched: number
  /** Of matched boxes; 0 where there is none. */
  readonly coordinatePx: number
  readonly scoreDifference: number
  /** Of matched boxes; 1 where there is none. */
  readonly leastIou: number
  readonly unmatched: number
  /** Unmatched boxes near the threshold of scores, and near the overlap of suppression: no faults. */
  readonly nearScoreThreshold: number
  readonly nearSuppression: number
  readonly nonFinite: number
}

export interface SceneJudgement {
  readonly judgement: CaseJudgement
  /** Null where nothing could be compared. */
  readonly measured: SceneMeasurement | null
  /** Boxes that keep the image from passing. */
  readonly off: number
  /** Whether nothing else does: both sides have the outputs that they should, of finite numbers. */
  readonly isByBoxesAlone: boolean
}

const NOTHING_COMPARED = { measured: null, off: 0, isByBoxesAlone: false } as const

/** A case `scenes.*`. */
export function judgeScene(pair: CasePair, limits: SceneLimits): SceneJudgement {
  const { id } = pair
  const { scene, findings: before } = comparableScene(pair)
  if (scene === null) return { judgement: unmeasured(id, before), ...NOTHING_COMPARED }
  const thresholds = readThresholds(scene)
  if (thresholds !== null && 'status' in thresholds)
    return { judgement: unmeasured(id, [...before, thresholds]), ...NOTHING_COMPARED }

  const { reference, device } = scene
  const matches = matchBoxes(reference, device)
  const pairs = matches.pairs.flatMap(({ reference: i, device: j, iou }) => {
    const [ours, theirs] = [reference[i], device[j]]
    return ours === undefined || theirs === undefined ? [] : [{ index: i, ours, theirs, iou }]
  })
  const singles = [
    ...singlesOf('reference', reference, matches.unmatchedReference, thresholds, limits.noise),
    ...singlesOf('device', device, matches.unmatchedDevice, thresholds, limits.noise),
  ]
  const faults = singles.filter(({ why }) => why === 'fault')
  const count = (why: Unmatched) => singles.filter(single => single.why === why).length
  const measured: SceneMeasurement = {
    matched: pairs.length,
    coordinatePx: largest(pairs.map(({ ours, theirs }) => coordinateDifference(ours.box, theirs.box))),
    scoreDifference: largest(pairs.map(({ ours, theirs }) => Math.abs(ours.score - theirs.score))),
    leastIou: pairs.reduce((least, pair) => Math.min(least, pair.iou), 1),
    unmatched: faults.length,
    nearScoreThreshold: count('near-score'),
    nearSuppression: count('near-suppression'),
    nonFinite: scene.nonFinite,
  }
  const apart = pairs.map(pair => pairFindings(id, pair, limits)).filter(each => each.length > 0)
  const findings = [...before, ...faults.map(single => failed(sayFault(scene, single, limits.names))), ...apart.flat()]
  const tolerated = singles.filter(({ why }) => why !== 'fault')
  const coordinates = (side: 'ours' | 'theirs') => Float32Array.from(pairs.flatMap(pair => [...pair[side].box]))
  const judgement: CaseJudgement = {
    result: {
      id,
      ...settle(findings),
      metrics: jsonNumbers({ ...measured }),
      details: {
        ...(faults.length > 0 && { unmatched: sayFew(faults.map(single => saySingle(single, limits.names))) }),
        ...(tolerated.length > 0 && {
          nearThresholds: sayFew(tolerated.map(single => sayTolerated(single, limits.names))),
        }),
      },
    },
    samples: reference.length + matches.unmatchedDevice.length,
    ...worstOf(id, pairs, faults, limits),
    histogram: pairs.length === 0 ? null : compareElements(coordinates('ours'), coordinates('theirs')).histogram,
  }
  return { judgement, measured, off: faults.length + apart.length, isByBoxesAlone: before.length === 0 }
}

/** Null where the case does not say what decided on its boxes. */
function readThresholds({ id, inputs }: ComparedScene): BoxThresholds | null | Finding {
  if (inputs['thresholds'] === undefined) return null
  const numbers = twoNumbers(inputs['thresholds'])
  if (numbers === null)
    return inconclusive(`thresholds of ${caseLabel(id)} are not two numbers, of scores and of overlap`)
  return { score: numbers[0], overlap: numbers[1] }
}

function singlesOf(
  side: Single['side'],
  detections: readonly Detection[],
  unmatched: readonly number[],
  thresholds: BoxThresholds | null,
  noise: ThresholdNoise,
): Single[] {
  const isSingle = new Set(unmatched)
  const matched = detections.filter((_, index) => !isSingle.has(index))
  return unmatched.flatMap(index => {
    const detection = detections[index]
    if (detection === undefined) return []
    const others = detections.filter((_, other) => other !== index)
    return [{ side, index, detection, why: explainUnmatched(detection, { matched, others }, thresholds, noise) }]
  })
}

/** A box that one side alone has is worse than any that both have. */
function worstOf(
  id: string,
  pairs: readonly MatchedPair[],
  [fault]: readonly Single[],
  { coordinatePx, score }: SceneLimits,
): { worst: WorstElement | null; severity: number } {
  if (fault !== undefined) {
    const { side, index, detection } = fault
    const ours = side === 'reference' ? detection.score : null
    const theirs = side === 'device' ? detection.score : null
    const worst = { case: id, output: 'scores', index: [index], reference: ours, device: theirs }
    return { worst, severity: Number.POSITIVE_INFINITY }
  }
  const errors = pairs.flatMap(({ index, ours, theirs }) => [
    ...ours.box.map((value, i) => ({
      output: 'boxes',
      index: [index, i],
      values: [value, theirs.box[i] ?? Number.NaN] as const,
      limit: coordinatePx.limit,
    })),
    { output: 'scores', index: [index], values: [ours.score, theirs.score] as const, limit: score.limit },
  ])
  let worst: WorstElement | null = null
  let severity = Number.NEGATIVE_INFINITY
  for (const { output, index, values, limit } of errors) {
    const size = Math.abs(values[0] - values[1]) / limit
    if (size <= severity) continue
    severity = size
    worst = { case: id, output, index, reference: jsonNumber(values[0]), device: jsonNumber(values[1]) }
  }
  return { worst, severity }
}

function largest(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b), 0)
}
