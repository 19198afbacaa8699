/** What one device gives in two ways that should be the same: no reference is needed, the plainer way takes its place. */
import type { Threshold } from '../events/result.ts'
import type { CaseOutputs, Check, CheckContext } from './check.ts'
import { conclude, skipped } from './conclusion.ts'
import { SELF_RELATIVE_ERROR } from './defaults.ts'
import { failed } from './finding.ts'
import { judgeLogits, type LogitsJudgement, logitsThresholds, refusedLogits, unmeasuredLogits } from './logits.ts'
import { logitsMetrics } from './logits-metrics.ts'
import { caseIds, isWhole, mismatch } from './pairing.ts'
import { smallestShare } from './smallest-drop.ts'
import { differingElements } from './value-at.ts'
import { caseLabel, say } from './wording.ts'

/** Two outputs of a case, each [..., vocabulary]. */
export interface Ways {
  /** The output that stands for right. */
  readonly plain: string
  readonly other: string
  /** What `plain` is, for reasons: `the whole prompt`. */
  readonly against: string
  /** What the two are called where a case is shown token by token; such cases are one text. */
  readonly sides?: { readonly reference: string; readonly device: string }
}

/** A check of cases `KIND.*` whose two outputs are the same logits, got in two ways. */
export function twoWays({
  name,
  summary,
  kind,
  ...ways
}: Ways & { readonly name: string; readonly summary: string; readonly kind: string }): Check {
  return {
    name,
    summary,
    kinds: [kind],

    judge(_reference, device, context) {
      const ids = caseIds(device, kind)
      if (ids.length === 0) return skipped(name, context.absent.get(kind) ?? `there is no case ${kind}.*`, null)
      const limit = SELF_RELATIVE_ERROR[context.precision]
      const judgements = ids.map(id => judgeTwoWays(id, device.get(id), ways, limit, context))
      return conclude({
        name,
        reference: null,
        judgements,
        metrics: twoWaysMetrics(judgements),
        thresholds: logitsThresholds(limit),
        smallestDrop: smallestShare(judgements.reduce((sum, judgement) => sum + judgement.samples, 0)),
      })
    },
  }
}

/** The numbers of several cases, with the elements whose bits differ. */
export function twoWaysMetrics(judgements: readonly LogitsJudgement[]): Record<string, number> {
  const measured = judgements.flatMap(judgement => judgement.measured ?? [])
  if (measured.length === 0) return {}
  const differing = judgements.reduce((sum, { result }) => sum + (result.metrics['differingElements'] ?? 0), 0)
  return { ...logitsMetrics(measured), differingElements: differing }
}

/** Judges one case. The same bits are best; other bits within the noise pass too, and are counted and shown. */
export function judgeTwoWays(
  id: string,
  sides: CaseOutputs | undefined,
  { plain, other, against, sides: names }: Ways,
  limit: Threshold,
  texts?: CheckContext,
): LogitsJudgement {
  if (sides?.refused !== undefined) return refusedLogits(id, sides.refused)
  const [right, given] = [sides?.outputs[plain], sides?.outputs[other]]
  const label = caseLabel(id)
  const broken = (reason: string) => unmeasuredLogits(id, [failed(reason)])
  if (right === undefined) return broken(`output ${plain} of ${label} is missing`)
  if (given === undefined) return broken(`output ${other} of ${label} is missing`)
  // The plain way stands for the reference but is the device's own: what is broken in it is the device's fault.
  if (!isWhole(right)) return broken(`output ${plain} of ${label} does not have the bytes of its shape`)
  const unlike = mismatch(`output ${other} of ${label}`, right, given, against)
  if (unlike !== null) return unmeasuredLogits(id, [unlike])
  const shown = names && texts ? { shown: { inputIds: sides?.inputs['input_ids'], sides: names, texts } } : {}
  const judged = judgeLogits({ id, output: other, against, ...shown }, { reference: right, device: given }, limit)
  if (judged.measured === null) return judged
  const { count } = differingElements(right, given)
  const { referenceNaN, maxAbs } = judged.measured.comparison.elements
  const isNaNItself = referenceNaN > 0 && judged.result.status === 'inconclusive'
  const remark = count === 0 ? {} : { bits: `other bits in ${count} elements, off by ${say(maxAbs)} at most` }
  return {
    ...judged,
    result: {
      ...judged.result,
      ...(isNaNItself && { status: 'fail' }),
      metrics: { ...judged.result.metrics, differingElements: count },
      details: { ...judged.result.details, ...remark },
    },
  }
}
