import type { EventBody } from '../events/event.ts'
import type { Plan } from '../plan/schema.ts'
import type { Unit } from '../plan/units.ts'
import type { Discovered } from './discovery.ts'
import type { MeasuredCeilings } from './measured-ceilings.ts'
import type { SessionLimits } from './session.ts'

/** What every unit of a run shares. */
export interface RunContext {
  readonly plan: Plan
  /** The folder that relative paths of the plan start from. */
  readonly base: string
  readonly discovered: Discovered
  /** Where built graphs and references are kept. */
  readonly home: string
  readonly signal: AbortSignal
  emit(body: EventBody): void
}

/** Where a unit's own events go: they carry its id and attempt. */
export interface UnitContext extends RunContext {
  readonly unit: Unit
  readonly attempt: number
  /** What devices were measured to give, for all units of a run. */
  readonly ceilings: MeasuredCeilings
}

export interface RunRequest extends RunContext {
  /** The units still to run. */
  readonly units: readonly Unit[]
  /** Attempts so far, by unit id, where a run is resumed. */
  readonly attempts: ReadonlyMap<string, number>
}

export function sessionLimits({ limits }: Plan): SessionLimits {
  return limits
}
