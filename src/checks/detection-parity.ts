import type { Precision } from '../words.ts'
import { againstReference } from './against-reference.ts'
import type { Check, Outputs } from './check.ts'
import { conclude } from './conclusion.ts'
import { coordinateLimit, NON_FINITE, overlapBand, scoreLimit, UNMATCHED_BOXES } from './defaults.ts'
import { twoNumbers } from './detections.ts'
import { inconclusive } from './finding.ts'
import { caseIds, pairCases } from './pairing.ts'
import { judgeScene, type SceneJudgement, type SceneMeasurement } from './scene.ts'
import { smallestShare } from './smallest-drop.ts'

const NAME = 'detection-parity'
const KIND = 'scenes'

/** Cases `scenes.*`, outputs `boxes` [n, 4], `scores` [n], `labels` [n], in any order; input `thresholds` where boxes near them are excused. */
export const detectionParity: Check = {
  name: NAME,
  summary: "every box is the reference's, within 1 px and 0.01 of score after matching by class and overlap",
  kinds: [KIND],

  judge: againstReference(NAME, KIND, (reference, device, context) => {
    const ids = caseIds(reference.outputs, KIND)
    const { precision, labels: names } = context
    const coordinatePx = coordinateLimit(precision, longestSide(ids, reference.outputs))
    const score = scoreLimit(precision)
    const limits = { coordinatePx, score, noise: { score: score.limit, overlap: overlapBand(precision) }, names }
    const judged = pairCases(KIND, reference.outputs, device).map(pair => judgeScene(pair, limits))
    const scenes = context.areChoicesUntrained === true && precision !== 'fp32' ? excused(judged, precision) : judged
    const measured = scenes.flatMap(scene => scene.measured ?? [])
    const boxes = scenes.reduce((sum, { judgement }) => sum + judgement.samples, 0)
    return conclude({
      name: NAME,
      reference: reference.name,
      judgements: scenes.map(({ judgement }) => judgement),
      metrics: measured.length === 0 ? {} : sceneMetrics(measured),
      thresholds: { coordinatePx, scoreDifference: score, unmatched: UNMATCHED_BOXES, nonFinite: NON_FINITE },
      smallestDrop: smallestShare(boxes),
      findings: measured.length > 0 && boxes === 0 ? [inconclusive('neither side found a box in any image')] : [],
    })
  }),
}

/** Of an untrained model's boxes, the share up to which a shorter type may choose others; a fault moves most of them. */
const MOST_CHOSEN_OTHERWISE = 0.1

/** What fails by a few boxes does not tell a fault from a choice, and so it fails nothing and passes nothing. */
function excused(scenes: readonly SceneJudgement[], precision: Precision): readonly SceneJudgement[] {
  const total = (of: (scene: SceneJudgement) => number) => scenes.reduce((sum, scene) => sum + of(scene), 0)
  const [off, boxes] = [total(scene => scene.off), total(({ judgement }) => judgement.samples)]
  if (off > MOST_CHOSEN_OTHERWISE * boxes) return scenes
  const why = `weights that nobody trained choose between boxes that are all but alike, and ${precision} chooses ${off} of ${boxes} otherwise: no fault, or none that can be told from it`
  return scenes.map(scene => {
    const { judgement, isByBoxesAlone } = scene
    const { status, reason } = judgement.result
    if (status !== 'fail' || !isByBoxesAlone) return scene
    const result = { ...judgement.result, status: 'inconclusive' as const, reason: `${reason}; ${why}` }
    return { ...scene, judgement: { ...judgement, result } }
  })
}

/** Of all original images, in px; 0 where no size is known. */
function longestSide(ids: readonly string[], reference: Outputs): number {
  const sides = ids.flatMap(id => twoNumbers(reference.get(id)?.inputs['size']) ?? [])
  return sides.reduce((longest, side) => Math.max(longest, side), 0)
}

function sceneMetrics(scenes: readonly SceneMeasurement[]): Record<string, number> {
  const sum = (of: (scene: SceneMeasurement) => number) => scenes.reduce((total, scene) => total + of(scene), 0)
  const most = (of: (scene: SceneMeasurement) => number) => scenes.reduce((a, scene) => Math.max(a, of(scene)), 0)
  return {
    matched: sum(scene => scene.matched),
    coordinatePx: most(scene => scene.coordinatePx),
    scoreDifference: most(scene => scene.scoreDifference),
    leastIou: scenes.reduce((a, scene) => Math.min(a, scene.leastIou), 1),
    unmatched: sum(scene => scene.unmatched),
    nearScoreThreshold: sum(scene => scene.nearScoreThreshold),
    nearSuppression: sum(scene => scene.nearSuppression),
    nonFinite: sum(scene => scene.nonFinite),
  }
}
