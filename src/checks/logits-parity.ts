import type { Threshold } from '../events/result.ts'
import type { Check, CheckContext } from './check.ts'
import { conclude, skipped, withoutReference } from './conclusion.ts'
import { RELATIVE_ERROR } from './defaults.ts'
import { judgeLogits, type LogitsJudgement, logitsThresholds, unmeasuredLogits } from './logits.ts'
import { logitsMetrics } from './logits-metrics.ts'
import { type CasePair, caseIds, comparableCase, comparableTensors, pairCases } from './pairing.ts'
import { smallestShare } from './smallest-drop.ts'

const NAME = 'logits-parity'
const KIND = 'logits'

/** Cases `logits.*`, output `logits` [1, tokens, vocabulary]. */
export const logitsParity: Check = {
  name: NAME,
  summary: "the logits of every position are the reference's, within the precision's rounding",
  kinds: [KIND],

  judge(reference, device, context) {
    if (reference === null) return withoutReference(NAME, context)
    if (caseIds(reference.outputs, KIND).length === 0)
      return skipped(NAME, `the reference has no case ${KIND}.*`, reference)

    const limit = RELATIVE_ERROR[context.precision]
    const judgements = pairCases(KIND, reference.outputs, device).map(pair => judgeCase(pair, limit, context))
    const measured = judgements.flatMap(judgement => judgement.measured ?? [])
    const positions = judgements.reduce((sum, judgement) => sum + judgement.samples, 0)
    return conclude({
      name: NAME,
      reference: reference.name,
      judgements,
      metrics: logitsMetrics(measured),
      thresholds: logitsThresholds(limit),
      smallestDrop: smallestShare(positions),
    })
  },
}

function judgeCase(pair: CasePair, limit: Threshold, texts: CheckContext): LogitsJudgement {
  const sides = comparableCase(pair)
  if (sides.reference === null) return unmeasuredLogits(pair.id, sides.findings)
  const tensors = comparableTensors(
    pair.id,
    'logits',
    sides.reference.outputs['logits'],
    sides.device.outputs['logits'],
  )
  if ('status' in tensors) return unmeasuredLogits(pair.id, [...sides.findings, tensors])
  const shown = { inputIds: sides.reference.inputs['input_ids'], texts }
  return judgeLogits({ id: pair.id, output: 'logits', against: 'the reference', shown }, tensors, limit, sides.findings)
}
