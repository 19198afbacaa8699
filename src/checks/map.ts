import type { CocoMap } from '../metrics/index.ts'
import { againstReference } from './against-reference.ts'
import type { Check } from './check.ts'
import { type CaseJudgement, conclude, skipped, unmeasured } from './conclusion.ts'
import { MEAN_AVERAGE_PRECISION } from './defaults.ts'
import { comparableScene, truthOf } from './detections.ts'
import { type Finding, failed, inconclusive } from './finding.ts'
import { compareMap, type MapComparison, type ScenePair } from './mean-average-precision.ts'
import { type CasePair, pairCases } from './pairing.ts'
import { smallestMeanShift, smallestShare } from './smallest-drop.ts'
import { say, sayMeasured } from './wording.ts'

const NAME = 'map'
const KIND = 'scenes'

/** Standard errors from which a difference is more than chance: 5 %, two-sided. */
const SIGNIFICANT = 1.96

/** Cases `scenes.*` whose inputs say which objects are there: `class_labels` [m], `true_boxes` [m, 4], and `crowd`, `area` where known. */
export const map: Check = {
  name: NAME,
  summary: "COCO's mean average precision is within 1 point of the reference's",
  kinds: [KIND],

  judge: againstReference(NAME, KIND, (reference, device, context) => {
    const pairs = pairCases(KIND, reference.outputs, device)
    const hasTruth = pairs.some(({ reference: ours, device: theirs }) => knowsTruth(ours) || knowsTruth(theirs))
    if (!hasTruth) return skipped(NAME, 'the images have no true boxes to hold detections against', reference)
    const judged = pairs.map(judgePair)
    const scenes = judged.flatMap(({ scene }) => scene ?? [])
    const objects = scenes.reduce((sum, { truth }) => sum + truth.filter(({ isCrowd }) => !isCrowd).length, 0)
    const comparison = compareMap(scenes)
    const share = smallestShare(objects)
    const shift = comparison === null ? Number.NaN : smallestMeanShift(comparison.standardError)
    return conclude({
      name: NAME,
      reference: reference.name,
      judgements: judged.map(({ judgement }) => judgement),
      metrics: comparison === null ? {} : mapMetrics(comparison),
      thresholds: { mapDifference: MEAN_AVERAGE_PRECISION },
      smallestDrop: share === null ? null : Math.max(share, shift),
      findings: comparison === null ? nothingToFind(judged) : mapFindings(comparison, scenes.length, context.labels),
    })
  }),
}

const knowsTruth = (side: CasePair['device']): boolean => side?.inputs['true_boxes'] !== undefined

interface JudgedPair {
  readonly judgement: CaseJudgement
  readonly scene: ScenePair | null
}

/** An image without truth says nothing here; one whose boxes are broken is left out of the mean, and fails by itself. */
function judgePair(pair: CasePair): JudgedPair {
  const { id } = pair
  const { scene, findings } = comparableScene(pair)
  if (scene === null) return { judgement: unmeasured(id, findings), scene: null }
  const truth = truthOf(id, scene.inputs)
  if (truth === null) return { judgement: unmeasured(id, findings), scene: null }
  if ('status' in truth) return { judgement: unmeasured(id, [...findings, truth]), scene: null }
  const objects = truth.filter(({ isCrowd }) => !isCrowd).length
  const judgement = unmeasured(id, findings)
  const { reference, device } = scene
  return {
    judgement: {
      ...judgement,
      samples: objects,
      result: {
        ...judgement.result,
        metrics: { objects, referenceBoxes: reference.length, deviceBoxes: device.length },
      },
    },
    scene: { truth, reference, device },
  }
}

function nothingToFind(judged: readonly JudgedPair[]): Finding[] {
  return judged.some(({ scene }) => scene !== null) ? [inconclusive('no image has an object to be found')] : []
}

function mapFindings(
  { reference, device, change, standardError }: MapComparison,
  images: number,
  names: readonly string[] | undefined,
): Finding[] {
  const { limit } = MEAN_AVERAGE_PRECISION
  if (Number.isNaN(standardError)) return [inconclusive('a single image says nothing of mean average precision')]
  if (!(Math.abs(change) <= limit)) {
    const reason =
      `mean average precision is ${sayMeasured(device.map ?? Number.NaN)} where the reference's is ${sayMeasured(reference.map ?? Number.NaN)}, ` +
      `off by ${say(Math.abs(change))} (limit ${limit})${worstClass(reference, device, names)}`
    return Math.abs(change) >= SIGNIFICANT * standardError
      ? [failed(reason)]
      : [inconclusive(`${reason}, which over ${images} images may be chance (standard error ${say(standardError)})`)]
  }
  const shown = smallestMeanShift(standardError)
  if (shown <= limit) return []
  return [
    inconclusive(
      `over ${images} images a change of mean average precision by less than ${say(shown)} would not have shown (limit ${limit})`,
    ),
  ]
}

/** `, most of it dog: 0.41 against 0.62`. */
function worstClass(reference: CocoMap, device: CocoMap, names: readonly string[] | undefined): string {
  const changes = Array.from(reference.byLabel, ([label, ours]) => ({
    label,
    ours,
    theirs: device.byLabel.get(label) ?? 0,
  }))
  const [worst] = changes.toSorted((a, b) => Math.abs(b.theirs - b.ours) - Math.abs(a.theirs - a.ours))
  if (worst === undefined || changes.length < 2) return ''
  return `, most of it ${names?.[worst.label] ?? `class ${worst.label}`}: ${say(worst.theirs)} against ${say(worst.ours)}`
}

function mapMetrics({ reference, device, change, standardError }: MapComparison): Record<string, number> {
  const both = (name: string, of: (map: CocoMap) => number | null) => {
    const [ours, theirs] = [of(reference), of(device)]
    return ours === null || theirs === null
      ? {}
      : { [name]: theirs, [`reference${name.slice(0, 1).toUpperCase()}${name.slice(1)}`]: ours }
  }
  return {
    ...both('map', side => side.map),
    mapDifference: Math.abs(change),
    mapStandardError: standardError,
    ...both('map50', side => side.map50),
    ...both('map75', side => side.map75),
    ...both('mapSmall', side => side.small),
    ...both('mapMedium', side => side.medium),
    ...both('mapLarge', side => side.large),
  }
}
