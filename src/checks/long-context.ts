import type { Threshold } from '../events/result.ts'
import { toFloat32, toNumbers } from '../tensor.ts'
import type { CaseOutputs, Check } from './check.ts'
import { conclude, skipped, withoutReference } from './conclusion.ts'
import { positionLimit, RELATIVE_ERROR } from './defaults.ts'
import { judgeKeptLogits, type KeptLogits } from './kept-logits.ts'
import { type LogitsJudgement, logitsThresholds, refusedLogits } from './logits.ts'
import { logitsMetrics } from './logits-metrics.ts'
import { rowErrors } from './noise.ts'
import { type CasePair, caseIds, comparableTensors, isWhole, pairCases, type TensorPair } from './pairing.ts'
import { smallestShare } from './smallest-drop.ts'
import { isFloat } from './value-at.ts'
import { sayFew } from './wording.ts'

const NAME = 'long-context'
const KIND = 'long-context'
const OUTPUT = 'sampled_logits'

/**
 * Cases `long-context.*`, input `sampled_positions` [1, sampled], output `sampled_logits` [1, sampled, vocabulary]: the logits at
 * some positions of a text as long as the model's positions.
 */
export const longContext: Check = {
  name: NAME,
  summary:
    "the logits of a text as long as the model's positions are the reference's, at sampled positions to the last",
  kinds: [KIND],

  judge(reference, device, context) {
    const absent = context.absent.get(KIND)
    if (absent !== undefined && caseIds(device, KIND).length === 0) return skipped(NAME, absent, reference)
    if (reference === null) return withoutReference(NAME, context)
    const pairs = pairCases(KIND, reference.outputs, device)
    if (pairs.every(pair => pair.reference === null && pair.device?.refused === undefined))
      return skipped(NAME, `the reference has no case ${KIND}.*`, reference)

    const limit = RELATIVE_ERROR[context.precision]
    const kept = { output: OUTPUT, limit, outputs: reference.outputs }
    const judgements = pairs.map(pair => judgeCase(pair, kept))
    return conclude({
      name: NAME,
      reference: reference.name,
      judgements,
      metrics: logitsMetrics(judgements.flatMap(judgement => judgement.measured ?? [])),
      thresholds: logitsThresholds(limit),
      smallestDrop: smallestShare(judgements.reduce((sum, { samples }) => sum + samples, 0)),
    })
  },
}

function judgeCase(pair: CasePair, kept: KeptLogits): LogitsJudgement {
  const { id, reference, device } = pair
  if (device?.refused !== undefined) return refusedLogits(id, device.refused)
  const judged = judgeKeptLogits(pair, kept)
  if (reference === null || device === null || judged.measured === null) return judged
  const tensors = comparableTensors(id, OUTPUT, reference.outputs[OUTPUT], device.outputs[OUTPUT])
  const wrong = 'status' in tensors ? [] : wrongPositions(tensors, reference, positionLimit(kept.limit))
  if (wrong.length === 0) return judged
  const details = { ...judged.result.details, wrongPositions: sayFew(wrong.map(String)) }
  return { ...judged, result: { ...judged.result, details } }
}

/** Where in the text the logits are beyond the limit of a position: the first says where it begins. */
function wrongPositions({ reference, device }: TensorPair, { inputs }: CaseOutputs, { limit }: Threshold): number[] {
  const positions = inputs['sampled_positions']
  if (positions === undefined || !isWhole(positions) || !isFloat(reference.type)) return []
  const { relL2 } = rowErrors(toFloat32(reference), toFloat32(device), reference.shape.at(-1) ?? 0)
  const places = toNumbers(positions)
  return Array.from(relL2).flatMap((error, index) => (error <= limit ? [] : (places[index] ?? [])))
}
