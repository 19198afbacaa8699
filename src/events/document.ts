import type { Fault, Status } from '../words.ts'
import type { RunEvent } from './event.ts'
import { type Attempt, type FoldState, fold, lastAttempt, type RunState, type UnitState } from './fold.ts'
import type { BenchmarkResult, ResultDocument, UnitResult } from './result.ts'
import { saturationOf } from './saturation.ts'
import { byShape, pointName } from './shape.ts'
import { combine, combineReasons } from './verdict.ts'

/** The result document of what is known so far; null before the run started. Units that have not ended are absent. */
export function toResult(state: FoldState): ResultDocument | null {
  if (state === null) return null
  const { started } = state
  const units = [...state.units.values()].map(unitResult).filter(unit => unit !== null)
  return {
    schema: 'assay-run-1',
    run: started.run,
    plan: started.plan,
    startedAt: new Date(started.timeMs).toISOString(),
    durationMs: state.activeMs,
    verdict: combine(units.map(unit => unit.status)),
    complete: units.length === state.units.size,
    counts: countStatuses(units.map(unit => unit.status)),
    reference: started.reference,
    host: started.host,
    devices: started.devices,
    units,
  }
}

/** The result document of a whole log; null for an empty one. */
export function resultOf(events: Iterable<RunEvent>): ResultDocument | null {
  return toResult(fold(events))
}

/** The result of one unit of a run; null where it has not ended. */
export function unitResultOf(state: RunState, id: string): UnitResult | null {
  const unit = state.units.get(id)
  return unit === undefined ? null : unitResult(unit)
}

/** How many of each status. */
export function countStatuses(statuses: readonly Status[]): ResultDocument['counts'] {
  const counts = { pass: 0, fail: 0, error: 0, skip: 0, inconclusive: 0 }
  for (const status of statuses) counts[status]++
  return counts
}

function unitResult(unit: UnitState): UnitResult | null {
  const attempt = lastAttempt(unit)
  const ended = attempt?.ended
  if (attempt === undefined || !ended) return null
  const { header } = unit
  const benchmarks = benchmarkResults(attempt)
  const parts = [...attempt.checks, ...benchmarks]
  const status = ended.status ?? combine(parts.map(part => part.status))
  return {
    id: header.id,
    model: header.model,
    category: header.category,
    device: header.device,
    precision: header.precision,
    status,
    reason: ended.reason ?? (ended.status === null ? combineReasons(parts) : null),
    fault: ended.fault ?? (status === 'error' ? faultOf(attempt) : null),
    attempts: unit.attempts.length,
    fingerprint: attempt.loaded?.fingerprint ?? null,
    parameters: attempt.loaded?.parameters ?? null,
    weightBytes: attempt.loaded?.weightBytes ?? null,
    placement: attempt.loaded?.placement ?? null,
    settings: attempt.loaded?.settings ?? {},
    remarks: [...unit.attempts.slice(0, -1).map(earlierAttempt), ...(attempt.loaded?.remarks ?? [])],
    loadMs: attempt.loaded?.loadMs ?? null,
    durationMs: Math.max(0, ended.timeMs - attempt.startedMs),
    checks: [...attempt.checks],
    benchmarks,
    ceilings: attempt.ceilings,
    telemetry: ended.telemetry,
    artifacts: ended.artifacts,
  }
}

/** A point is an error only where the device's worker gave it up or died of it. */
function faultOf({ points }: Attempt): Fault | null {
  return points.some(({ point }) => point.status === 'error') ? 'device' : null
}

function earlierAttempt(attempt: Attempt): string {
  if (attempt.ended === null) return `attempt ${attempt.number} did not end`
  const parts = [...attempt.checks, ...benchmarkResults(attempt)]
  const status = attempt.ended.status ?? combine(parts.map(part => part.status))
  const reason = attempt.ended.reason ?? combineReasons(parts)
  return `attempt ${attempt.number} ended as ${status}${reason === null ? '' : `: ${reason}`}`
}

function benchmarkResults(attempt: Attempt): BenchmarkResult[] {
  const byName = Map.groupBy(attempt.points, ({ benchmark }) => benchmark)
  return [...byName].map(([name, entries]) => {
    const points = entries.map(({ point }) => point)
    const named = points.map(point => ({ ...point, name: pointName(name, point, points) }))
    const saturation = byShape(points).flatMap(({ shape, points: own }) => saturationOf(name, shape, own) ?? [])
    return {
      name,
      status: combine(points.map(point => point.status)),
      reason: combineReasons(named),
      points,
      saturationBatch: saturation.length === 1 ? (saturation[0]?.batch ?? null) : null,
      saturation,
    }
  })
}
