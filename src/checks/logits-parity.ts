import { againstReference } from './against-reference.ts'
import type { CaseOutputs, Check } from './check.ts'
import { conclude } from './conclusion.ts'
import { RELATIVE_ERROR } from './defaults.ts'
import { judgeKeptLogits } from './kept-logits.ts'
import { logitsThresholds } from './logits.ts'
import { logitsMetrics } from './logits-metrics.ts'
import { pairCases } from './pairing.ts'
import { smallestShare } from './smallest-drop.ts'

const NAME = 'logits-parity'
const KIND = 'logits'

/** Cases `logits.*`, output `logits` [1, tokens, vocabulary], of which a golden may keep a part, or [1, classes] of an image. */
export const logitsParity: Check = {
  name: NAME,
  summary: "the logits of every position, or image, are the reference's, within the precision's rounding",
  kinds: [KIND],

  judge: againstReference(NAME, KIND, (reference, device, context) => {
    const limit = RELATIVE_ERROR[context.precision]
    // An image has no tokens to be shown.
    const shown = ({ inputs }: CaseOutputs) =>
      inputs['pixel_values'] === undefined ? { inputIds: inputs['input_ids'], texts: context } : null
    const kept = { output: 'logits', limit, outputs: reference.outputs, shown }
    const judgements = pairCases(KIND, reference.outputs, device).map(pair => judgeKeptLogits(pair, kept))
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
  }),
}
