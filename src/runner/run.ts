/** Runs units in order, one at a time, each isolated in workers of its own; says what happens as events. */
import { runLlmUnit } from './llm-unit.ts'
import { runOnnxUnit } from './onnx-unit.ts'
import { isInterruption, type Outcome, outcomeOf } from './outcome.ts'
import type { MeasuredCeilings, RunRequest, UnitContext } from './request.ts'

/**
 * Runs every unit to its end. A unit that fails does not end the run; an interruption does, and leaves its unit unfinished.
 */
export async function runUnits(request: RunRequest): Promise<void> {
  const { plan, units, attempts, emit, signal } = request
  const ceilings: MeasuredCeilings = new Map()
  for (const unit of units) {
    const before = attempts.get(unit.header.id) ?? 0
    for (let attempt = before + 1; ; attempt++) {
      const outcome = await runAttempt({ ...request, unit, attempt, ceilings })
      if (outcome === 'interrupted' || signal.aborted) return emit({ type: 'run-interrupted' })
      if (outcome?.status !== 'error' || attempt - before >= plan.limits.attempts) break
    }
  }
  emit({ type: 'run-ended' })
}

/** One attempt at a unit. Null where its checks and benchmarks decide. */
async function runAttempt(context: UnitContext): Promise<Outcome | null | 'interrupted'> {
  const { unit, attempt, emit } = context
  const { id, category } = unit.header
  emit({ type: 'unit-started', unit: id, attempt })
  let outcome: Outcome | null = null
  try {
    await (category === 'onnx' ? runOnnxUnit(context) : runLlmUnit(context))
  } catch (error) {
    if (isInterruption(error)) return 'interrupted'
    outcome = outcomeOf(error)
  }
  const { status, reason, fault } = outcome ?? { status: null, reason: null, fault: null }
  emit({ type: 'unit-ended', unit: id, attempt, status, reason, fault, telemetry: {}, artifacts: [] })
  return outcome
}
