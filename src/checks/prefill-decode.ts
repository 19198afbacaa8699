import type { Threshold } from '../events/result.ts'
import type { CaseOutputs, Check } from './check.ts'
import { conclude, skipped } from './conclusion.ts'
import { SELF_RELATIVE_ERROR } from './defaults.ts'
import { failed } from './finding.ts'
import { judgeLogits, type LogitsJudgement, logitsThresholds, unmeasuredLogits } from './logits.ts'
import { logitsMetrics } from './logits-metrics.ts'
import { caseIds, isWhole, mismatch } from './pairing.ts'
import { smallestShare } from './smallest-drop.ts'
import { caseLabel } from './wording.ts'

const NAME = 'prefill-decode'
const KIND = 'stepwise'
const AGAINST = 'the whole prompt'

/**
 * Cases `stepwise.*` of the device alone, outputs `logits` and `logits_stepwise` [1, tokens, vocabulary]: the whole prompt in
 * one pass, and the same tokens one at a time through the KV cache. The first stands for the reference.
 */
export const prefillDecode: Check = {
  name: NAME,
  summary: 'a whole prompt in one pass gives the logits of its tokens one at a time through the KV cache',
  kinds: [KIND],

  judge(_reference, device, context) {
    const ids = caseIds(device, KIND)
    if (ids.length === 0) return skipped(NAME, `there is no case ${KIND}.*`, null)
    const limit = SELF_RELATIVE_ERROR[context.precision]
    const judgements = ids.map(id => judgeCase(id, device.get(id), limit))
    return conclude({
      name: NAME,
      reference: null,
      judgements,
      metrics: logitsMetrics(judgements.flatMap(judgement => judgement.measured ?? [])),
      thresholds: logitsThresholds(limit),
      smallestDrop: smallestShare(judgements.reduce((sum, judgement) => sum + judgement.samples, 0)),
    })
  },
}

function judgeCase(id: string, sides: CaseOutputs | undefined, limit: Threshold): LogitsJudgement {
  const prefill = sides?.outputs['logits']
  const stepwise = sides?.outputs['logits_stepwise']
  const label = caseLabel(id)
  const broken = (reason: string) => unmeasuredLogits(id, [failed(reason)])
  if (prefill === undefined) return broken(`output logits of ${label} is missing`)
  if (stepwise === undefined) return broken(`output logits_stepwise of ${label} is missing`)
  // The whole prompt stands for the reference but is the device's own: what is broken in it is the device's fault.
  if (!isWhole(prefill)) return broken(`output logits of ${label} does not have the bytes of its shape`)
  const unlike = mismatch(`output logits_stepwise of ${label}`, prefill, stepwise, AGAINST)
  if (unlike !== null) return unmeasuredLogits(id, [unlike])
  const judged = judgeLogits(
    { id, output: 'logits_stepwise', against: AGAINST },
    { reference: prefill, device: stepwise },
    limit,
  )
  const isNaNItself = (judged.measured?.comparison.elements.referenceNaN ?? 0) > 0
  if (!isNaNItself || judged.result.status !== 'inconclusive') return judged
  return { ...judged, result: { ...judged.result, status: 'fail' } }
}
