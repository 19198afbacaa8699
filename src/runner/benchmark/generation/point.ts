/** A tried point, its audit and the device's limits -> the point of the result. Pure. */
import type { BenchmarkPoint } from '../../../events/result.ts'
import { type Ceilings, decodeWork, type ModelCost, prefillWork, roofline } from '../../../metrics/index.ts'
import type { Attempt } from '../attempt.ts'
import { untimedPoint } from '../untimed.ts'
import type { Audit } from './audit.ts'
import { pointFigures, pointMetrics, tokenLatency } from './point-metrics.ts'
import { shapeOf, type TimedGeneration } from './timed.ts'

/** What a point is held against beside its audit. */
export interface Yardstick {
  readonly cost: ModelCost
  readonly ceilings: Ceilings
  readonly deviceMemoryBytes: number | null
}

export function pointOf(
  attempt: Attempt<TimedGeneration>,
  audit: Audit | undefined,
  yardstick: Yardstick,
): BenchmarkPoint {
  return attempt.kind === 'timed'
    ? timedPoint(attempt, audit, yardstick)
    : untimedPoint(shapeOf(attempt.point), attempt)
}

function timedPoint(timed: TimedGeneration, audit: Audit | undefined, yardstick: Yardstick): BenchmarkPoint {
  const { point, samples, peakMemoryBytes, prefillPassTokens } = timed
  const judged = audit ?? { status: 'skip', reason: 'not audited', outputs: 0, disagreements: 0 }
  const metrics = pointMetrics(samples, point.batch, point.inputTokens)
  return {
    batch: point.batch,
    shape: shapeOf(point),
    status: judged.status === 'fail' ? 'fail' : 'pass',
    reason: judged.status === 'fail' ? judged.reason : null,
    metrics,
    figures: {
      ...pointFigures(samples, peakMemoryBytes, yardstick.deviceMemoryBytes),
      ...(prefillPassTokens === null ? {} : { prefillPassTokens }),
    },
    targets: [],
    audit: judged,
    tokenLatencyMs: tokenLatency(samples),
    roofline: rooflineOf(timed, metrics, yardstick),
  }
}

/** The prefill over the time to the first token, the other tokens over the time from the first to the last: medians. */
function rooflineOf(
  { point, prefillPassTokens }: TimedGeneration,
  metrics: BenchmarkPoint['metrics'],
  { cost, ceilings }: Yardstick,
): BenchmarkPoint['roofline'] {
  const [ttftMs, tpotMs] = [metrics['ttftMs']?.median, metrics['tpotMs']?.median]
  if (ttftMs === undefined || tpotMs === undefined) return {}
  const { batch, inputTokens, outputTokens } = point
  const prefill = prefillWork(cost, batch, inputTokens, prefillPassTokens ?? inputTokens)
  const decode = decodeWork(cost, batch, inputTokens, outputTokens)
  return {
    prefill: roofline(prefill, ttftMs, ceilings),
    decode: roofline(decode, tpotMs * (outputTokens - 1), ceilings),
  }
}
