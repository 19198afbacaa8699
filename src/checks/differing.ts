/** Two outputs of one device that must not be the same: a control, so that a device that hears nothing does not pass. */
import type { Threshold } from '../events/result.ts'
import { compareElements } from '../metrics/index.ts'
import { toFloat32 } from '../tensor.ts'
import type { CaseOutputs } from './check.ts'
import { type CaseJudgement, jsonNumbers, unmeasured } from './conclusion.ts'
import { failed, inconclusive, settle } from './finding.ts'
import { isWhole, mismatch } from './pairing.ts'
import { differingElements, isFloat } from './value-at.ts'
import { caseLabel, say, sayMeasured } from './wording.ts'

export interface Difference {
  readonly plain: string
  readonly other: string
  /** What stays the same where it should not: `the logits`. */
  readonly unchanged: string
}

/** Judges one case: a change beyond the noise passes, none fails, and one within the noise cannot be told from rounding. */
export function judgeDifference(
  id: string,
  { outputs }: CaseOutputs,
  { plain, other, unchanged }: Difference,
  limit: Threshold,
): CaseJudgement {
  const [before, after] = [outputs[plain], outputs[other]]
  const label = caseLabel(id)
  const broken = (reason: string) => unmeasured(id, [failed(reason)])
  if (before === undefined) return broken(`output ${plain} of ${label} is missing`)
  if (after === undefined) return broken(`output ${other} of ${label} is missing`)
  if (!isWhole(before)) return broken(`output ${plain} of ${label} does not have the bytes of its shape`)
  const unlike = mismatch(`output ${other} of ${label}`, before, after, plain)
  if (unlike !== null) return unmeasured(id, [unlike])
  if (!isFloat(before.type)) return broken(`${plain} of ${label} are ${before.type}, not a floating-point type`)
  const [a, b] = [toFloat32(before), toFloat32(after)]
  if (a.length === 0) return broken(`${plain} of ${label} are empty`)
  if (![...a, ...b].every(Number.isFinite)) return broken(`${plain} or ${other} of ${label} are not finite`)

  const change = compareElements(a, b).relL2
  const findings =
    differingElements(before, after).count === 0
      ? [failed(`${label}: ${unchanged}`)]
      : change > limit.limit
        ? []
        : [
            inconclusive(
              `${label}: the logits change by relL2 ${sayMeasured(change)}, which rounding might explain (limit ${say(limit.limit)})`,
            ),
          ]
  return {
    ...unmeasured(id, []),
    result: { id, ...settle(findings), metrics: jsonNumbers({ change }), details: {} },
    samples: 1,
  }
}
