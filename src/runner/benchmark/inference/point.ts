/** A tried batch, its audit and the device's limits -> the point of the result. Pure. */
import type { BenchmarkPoint } from '../../../events/result.ts'
import type { Shape } from '../../../events/shape.ts'
import { type Ceilings, roofline } from '../../../metrics/index.ts'
import type { Attempt } from '../attempt.ts'
import { untimedPoint } from '../untimed.ts'
import type { Audit } from './audit.ts'
import { pointFigures, pointMetrics } from './metrics.ts'
import type { InferenceCost } from './subject.ts'
import type { TimedInference } from './timed.ts'

/** What a point is held against beside its audit. */
export interface Yardstick {
  readonly cost: InferenceCost | null
  readonly ceilings: Ceilings
  readonly deviceMemoryBytes: number | null
}

export function pointOf(
  shape: Shape,
  attempt: Attempt<TimedInference>,
  audit: Audit | undefined,
  yardstick: Yardstick,
): BenchmarkPoint {
  if (attempt.kind === 'untimed') return untimedPoint(shape, attempt)
  const { batch } = attempt.point
  const judged = audit ?? { status: 'skip', reason: 'not audited', outputs: 0, disagreements: 0 }
  const metrics = pointMetrics(attempt.forwardMs, batch)
  return {
    batch,
    shape: { ...shape },
    status: judged.status === 'fail' ? 'fail' : 'pass',
    reason: judged.status === 'fail' ? judged.reason : null,
    metrics,
    figures: pointFigures(attempt, yardstick.deviceMemoryBytes),
    targets: [],
    audit: judged,
    tokenLatencyMs: [],
    roofline: rooflineOf(batch, metrics['latencyMs']?.median, yardstick),
  }
}

/** The whole pass: the images' arithmetic, the weights read once, and every activation written and read. */
function rooflineOf(
  batch: number,
  latencyMs: number | undefined,
  { cost, ceilings }: Yardstick,
): BenchmarkPoint['roofline'] {
  if (cost === null || latencyMs === undefined) return {}
  const { flopsPerImage, weightBytes, activationBytes } = cost
  const work = { flops: batch * flopsPerImage, bytes: weightBytes + batch * activationBytes }
  return { forward: roofline(work, latencyMs, ceilings) }
}
