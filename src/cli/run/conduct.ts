/** The part that a new run and a resumed one share: from their first event to the exit code. */
import { AssayError } from '../../errors.ts'
import { checkOptions } from '../../plan/resolve.ts'
import type { Plan } from '../../plan/schema.ts'
import type { Unit } from '../../plan/units.ts'
import { runUnits } from '../../runner/run.ts'
import type { Store } from '../../store/store.ts'
import type { Context } from '../command.ts'
import { EXIT, exitOf } from '../exit-code.ts'
import { reportRequest } from '../failure.ts'
import { checkWritable, reporterOf } from '../report-file.ts'
import { type Here, lookAround } from './here.ts'
import { createRecording, type Recording } from './recording.ts'

/** A plan with where it came from. */
export interface Job {
  readonly plan: Plan
  /** Its YAML, from which a resumed run takes it. */
  readonly source: string
  /** Its file, or null for one that was made from flags. */
  readonly path: string | null
  /** The folder that its relative paths start from. */
  readonly base: string
}

export interface RunSettings {
  /** Where reports go, each in the format of its ending. */
  readonly reports: readonly string[]
  readonly isVerbose: boolean
}

/** What is still to do of a run. */
export interface Work {
  readonly run: string
  readonly job: Job
  readonly here: Here
  readonly units: readonly Unit[]
  /** Attempts so far, by unit id. */
  readonly attempts: ReadonlyMap<string, number>
}

/** Looks around for a plan. Throws AssayError where what it wants cannot be. */
export async function prepare({ plan, base }: Job, { reports }: RunSettings, { output }: Context): Promise<Here> {
  for (const path of reports) {
    reporterOf(path)
    checkWritable(path, 'give another file with --report FILE, or --no-report')
  }
  const wanted = plan.devices === 'all' ? plan.devices : [...plan.devices, plan.reference.device]
  const here = await lookAround(plan.engines, base, wanted, output, plan.options)
  checkOptions(plan, here.found)
  return here
}

/** Runs units, writes the reports, shows the summary, and gives the exit code. `begin` emits the first event. */
export async function conduct(
  { run, job, here, units, attempts }: Work,
  store: Store,
  { reports, isVerbose }: RunSettings,
  { output, home }: Context,
  signal: AbortSignal,
  begin: (recording: Recording) => void,
): Promise<number> {
  const recording = createRecording(store, run, output, isVerbose)
  const { plan, base } = job
  begin(recording)
  try {
    await runUnits({ plan, base, units, attempts, discovered: here.discovered, home, signal, emit: recording.emit })
  } catch (error) {
    // The request was right, since the run began: a full disk, say.
    if (!(error instanceof AssayError)) throw error
    reportRequest(error, output)
    return EXIT.error
  }
  const result = recording.end(reports)
  if (output.isJson) output.answer(result, () => '')
  if (result.complete) return exitOf(result.verdict)
  if (output.isJson) output.note(`Go on with it: assay run --resume ${run}`)
  return EXIT.interrupted
}
