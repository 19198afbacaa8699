/** A question about a model's structure, put to one device: some changes of its inputs must change nothing, others must be heard. */
import type { Threshold } from '../events/result.ts'
import type { CaseOutputs, Check } from './check.ts'
import { conclude, skipped } from './conclusion.ts'
import { mustChange, SELF_RELATIVE_ERROR } from './defaults.ts'
import { type Difference, judgeDifference } from './differing.ts'
import { type LogitsJudgement, logitsThresholds } from './logits.ts'
import { caseIds } from './pairing.ts'
import { smallestShare } from './smallest-drop.ts'
import { judgeTwoWays, twoWaysMetrics, type Ways } from './two-ways.ts'

interface Probe {
  readonly name: string
  readonly summary: string
  readonly kind: string
  /** Two outputs that must be the same. */
  readonly same: Ways
  /** Two outputs that must differ; a case that has the second is judged by it. */
  readonly different: Difference
}

/** A check of cases `KIND.*`, each with two outputs that must be the same or with two that must differ. */
export function probe({ name, summary, kind, same, different }: Probe): Check {
  return {
    name,
    summary,
    kinds: [kind],

    judge(_reference, device, context) {
      const ids = caseIds(device, kind)
      if (ids.length === 0) return skipped(name, context.absent.get(kind) ?? `there is no case ${kind}.*`, null)
      const limit = SELF_RELATIVE_ERROR[context.precision]
      const judgements = ids.map(id => judgeCase(id, device.get(id), same, different, limit))
      const changes = judgements.flatMap(({ result }) => result.metrics['change'] ?? [])
      return conclude({
        name,
        reference: null,
        judgements,
        metrics: { ...twoWaysMetrics(judgements), ...(changes.length > 0 && { change: Math.min(...changes) }) },
        thresholds: { ...logitsThresholds(limit), change: mustChange(limit) },
        smallestDrop: smallestShare(judgements.reduce((sum, { samples }) => sum + samples, 0)),
      })
    },
  }
}

function judgeCase(
  id: string,
  sides: CaseOutputs | undefined,
  same: Ways,
  different: Difference,
  limit: Threshold,
): LogitsJudgement {
  const isControl = sides?.outputs[different.other] !== undefined
  if (!isControl) return judgeTwoWays(id, sides, same, limit)
  return { ...judgeDifference(id, sides, different, limit), measured: null }
}
