/** Runs units in order, one at a time, each isolated in workers of its own; says what happens as events. */
import { openModel } from '../build/model.ts'
import { runnerOf } from './categories/index.ts'
import { whyMissing } from './discovery.ts'
import { unsupported } from './loadable.ts'
import { MeasuredCeilings } from './measured-ceilings.ts'
import { isInterruption, type Outcome, outcomeOf, Skip } from './outcome.ts'
import type { RunRequest, UnitContext } from './request.ts'

/**
 * Runs every unit to its end. A unit that fails does not end the run; an interruption does, and leaves its unit unfinished.
 */
export async function runUnits(request: RunRequest): Promise<void> {
  const { plan, units, attempts, emit, signal } = request
  const ceilings = new MeasuredCeilings()
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
  const { id } = unit.header
  emit({ type: 'unit-started', unit: id, attempt })
  let outcome: Outcome | null = null
  try {
    await runUnit(context)
  } catch (error) {
    if (isInterruption(error)) return 'interrupted'
    outcome = outcomeOf(error)
  }
  const { status, reason, fault } = outcome ?? { status: null, reason: null, fault: null }
  emit({ type: 'unit-ended', unit: id, attempt, status, reason, fault, telemetry: {}, artifacts: [] })
  return outcome
}

/** Throws Skip where the device is not here, or cannot run such a model; else what the unit's category throws. */
async function runUnit(context: UnitContext): Promise<void> {
  const { base, home, unit, discovered } = context
  const { device, precision } = unit.header
  const found = discovered.found.get(device)
  if (!found) throw new Skip(whyMissing(discovered, device))
  const model = openModel(unit.entry.model, base, home)
  const reason = unsupported(model, found, precision)
  if (reason !== null) throw new Skip(reason)
  await runnerOf(model).run(context, model, found)
}
