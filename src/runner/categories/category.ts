import type { Model } from '../../build/model.ts'
import type { CheckContext, Outputs, Reference } from '../../checks/index.ts'
import type { CheckResult } from '../../events/result.ts'
import type { ModelEntry, Plan } from '../../plan/schema.ts'
import type { Unit } from '../../plan/units.ts'
import type { Precision } from '../../words.ts'
import type { FoundDevice } from '../discovery.ts'
import type { Observer } from '../observe.ts'
import type { Origin } from '../reference.ts'
import type { RunContext, UnitContext } from '../request.ts'
import type { Session } from '../session.ts'

/** What a golden is captured of. */
export interface Capturing {
  readonly entry: ModelEntry
  readonly found: FoundDevice
  readonly precision: Precision
  readonly base: string
  readonly home: string
  readonly limits: Plan['limits']
  readonly onCase: Observer
  /** Loads the model, lets it be used, and ends its worker. */
  inSession<T>(use: (session: Session) => Promise<T>): Promise<T>
}

/** A failed check that is to be computed again. */
export interface Failed {
  readonly check: CheckResult
  /** Whether a case has to do with it. */
  concerned(id: string): boolean
}

/** Both sides of a check. */
export interface Sides {
  /** Null for a check of a device with itself. */
  readonly reference: Reference | null
  readonly origin: Origin | null
  readonly outputs: Outputs
  readonly context: CheckContext
}

/** What the runner does with the models of a category. */
export interface CategoryRunner<M extends Model> {
  /** Throws AssayError for what a plan says of a model and cannot be. */
  check(model: M, entry: ModelEntry, base: string): void
  run(context: UnitContext, model: M, found: FoundDevice): Promise<void>
  /** What a device gives for the cases that a reference answers. Throws AssayError where nothing can be captured. */
  capture(model: M, capturing: Capturing): Promise<Outputs>
  /** Reference and device again, for the cases of a failed check. */
  sides(context: RunContext, unit: Unit, model: M, found: FoundDevice, failed: Failed): Promise<Sides>
}
