import { dirname } from 'node:path'
import { AssayError } from '../../errors.ts'
import type { RunEvent } from '../../events/event.ts'
import { fold, type UnitState, unfinishedUnits } from '../../events/fold.ts'
import { parsePlan } from '../../plan/parse.ts'
import { resolveDevices } from '../../plan/resolve.ts'
import type { Plan } from '../../plan/schema.ts'
import type { Unit } from '../../plan/units.ts'
import { checkPlan } from '../../runner/preflight.ts'
import type { RunSummary, Store } from '../../store/store.ts'
import type { Context } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { withRuns } from '../store.ts'
import { conduct, type Job, prepare, type RunSettings } from './conduct.ts'
import { interruptibly } from './interrupt.ts'

/**
 * Goes on with a run where it stopped: units that ended stay as they are. Its plan is the stored one, whatever became
 * of the file.
 * @param prefix - how the run's id begins, or null for the latest that is unfinished
 * @throws AssayError before anything is written where there is nothing to go on with, or a device is gone
 */
export async function resumePlan(prefix: string | null, settings: RunSettings, context: Context): Promise<number> {
  return interruptibly(context.output.note, signal =>
    withRuns(context, async store => {
      const summary = findUnfinished(prefix, store)
      const events = store.events(summary.id)
      const unfinished = unfinishedOf(events, summary.id)
      const job = jobOf(summary, context)
      const here = await prepare(job, settings, context)
      resolveDevices([...new Set(unfinished.map(({ header }) => header.device))], here.found)
      checkPlan(job.plan, job.base, here.discovered, context.home)
      if (signal.aborted) return EXIT.interrupted
      const attempts = new Map(unfinished.map(({ header, attempts }) => [header.id, attempts.length]))
      const work = { run: summary.id, job, here, units: unfinished.map(unit => unitOf(unit, job.plan)), attempts }
      return conduct(work, store, settings, context, signal, recording => {
        recording.replay(events)
        recording.emit({ type: 'run-resumed' })
      })
    }),
  )
}

function findUnfinished(prefix: string | null, store: Store): RunSummary {
  const summary = prefix === null ? store.latestUnfinished() : store.find(prefix)
  if (summary !== null) return summary
  throw new AssayError('run-not-found', 'no run is unfinished', { hint: '`assay history` lists the runs' })
}

function unfinishedOf(events: readonly RunEvent[], run: string): UnitState[] {
  const state = fold(events)
  const unfinished = state === null ? [] : unfinishedUnits(state)
  if (unfinished.length > 0) return unfinished
  throw new AssayError('argument-invalid', `run ${run} is finished`, { hint: `\`assay report ${run}\` shows it` })
}

/** A stored run's plan, with where it came from. */
export function jobOf({ id, planSource, planPath }: RunSummary, { cwd }: Context): Job {
  const plan = parsePlan(planSource, planPath ?? `plan of run ${id}`)
  return { plan, source: planSource, path: planPath, base: planPath === null ? cwd : dirname(planPath) }
}

/** The stored unit with what the stored plan says of its model. */
function unitOf({ header }: UnitState, plan: Plan): Unit {
  const entry = plan.models.find(({ model }) => model === header.model)
  if (entry === undefined) throw new Error(`the stored plan does not name ${header.model}`)
  return { header, entry }
}
