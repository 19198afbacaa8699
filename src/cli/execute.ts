/** A plan's run from its first look around to its exit code: what `run`, `parity` and `bench` share. */
import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import { exitCode } from '../checks/index.ts'
import { AssayError } from '../errors.ts'
import type { UnitHeader } from '../events/event.ts'
import { fold, type UnitState, unfinishedUnits } from '../events/fold.ts'
import { parsePlan } from '../plan/parse.ts'
import { checkOptions, resolveDevices } from '../plan/resolve.ts'
import type { Plan } from '../plan/schema.ts'
import { type Unit, unitsOf } from '../plan/units.ts'
import type { DeviceDescription } from '../protocol/messages.ts'
import { describeHost } from '../runner/host.ts'
import { checkPlan } from '../runner/preflight.ts'
import { runUnits } from '../runner/run.ts'
import { openStore, STORE_FILE, type Store } from '../store/store.ts'
import type { Context } from './command.ts'
import { EXIT } from './exit-code.ts'
import { reportFailure, reportRequest } from './failure.ts'
import { type Here, lookAround } from './here.ts'
import { catchInterrupts } from './interrupt.ts'
import { createRecording, type Recording } from './recording.ts'
import { checkWritable } from './report-file.ts'

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
  /** Where the HTML report goes; null for none. */
  readonly reportPath: string | null
  readonly isVerbose: boolean
}

/** The part of a run that is still to do. */
interface Work {
  readonly run: string
  readonly job: Job
  readonly here: Here
  readonly units: readonly Unit[]
  readonly attempts: ReadonlyMap<string, number>
}

/** Runs a plan. Throws AssayError before anything is written where the request is wrong. */
export async function executePlan(job: Job, settings: RunSettings, context: Context): Promise<number> {
  return interruptibly(context, async signal => {
    const here = await prepare(job, settings, context)
    const devices = resolveDevices(job.plan.devices, here.found)
    checkPlan(job.plan, job.base, here.discovered)
    const units = unitsOf(
      job.plan,
      devices.map(({ id }) => id),
    )
    if (signal.aborted) return EXIT.interrupted
    return withStore(context, async store => {
      const work = { run: newRunId(), job, here, units, attempts: new Map<string, number>() }
      return conduct(work, store, settings, context, signal, recording =>
        recording.emit({
          type: 'run-started',
          run: work.run,
          plan: job.plan.name,
          planSource: job.source,
          ...(job.path === null ? {} : { planPath: job.path }),
          host: describeHost(),
          reference: job.plan.reference,
          devices: takingPart(job.plan, devices, here.found.devices),
          units: units.map(({ header }) => header),
        }),
      )
    })
  })
}

/** Goes on with a run where it stopped: the one whose id begins with `prefix`, or the latest that is unfinished. */
export async function resumePlan(prefix: string | null, settings: RunSettings, context: Context): Promise<number> {
  return interruptibly(context, signal =>
    withStore(context, async store => {
      const summary = prefix === null ? store.latestUnfinished() : store.find(prefix)
      if (summary === null) throw new AssayError('run-not-found', 'no run is unfinished', { hint: '`assay history` lists the runs' })
      const events = store.events(summary.id)
      const state = fold(events)
      const unfinished = state === null ? [] : unfinishedUnits(state)
      if (unfinished.length === 0)
        throw new AssayError('argument-invalid', `run ${summary.id} is finished`, { hint: `\`assay report ${summary.id}\` shows it` })
      const { planSource: source, planPath: path } = summary
      const plan = parsePlan(source, path ?? `the plan of run ${summary.id}`)
      const job = { plan, source, path, base: path === null ? context.cwd : dirname(path) }
      const here = await prepare(job, settings, context)
      resolveDevices([...new Set(unfinished.map(({ header }) => header.device))], here.found)
      checkPlan(plan, job.base, here.discovered)
      if (signal.aborted) return EXIT.interrupted
      const work = { run: summary.id, job, here, units: unitsAgain(plan, unfinished), attempts: attemptsOf(unfinished) }
      return conduct(work, store, settings, context, signal, recording => {
        recording.replay(events)
        recording.emit({ type: 'run-resumed' })
      })
    }),
  )
}

async function interruptibly(context: Context, work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const interruption = catchInterrupts(context.output.note)
  try {
    return await work(interruption.signal)
  } finally {
    interruption.release()
  }
}

async function withStore(context: Context, work: (store: Store) => Promise<number>): Promise<number> {
  const store = openStore(join(context.home, STORE_FILE))
  try {
    return await work(store)
  } finally {
    store.close()
  }
}

async function prepare({ plan, base }: Job, { reportPath }: RunSettings, { output }: Context): Promise<Here> {
  if (reportPath !== null) checkWritable(reportPath, 'give another file with --report FILE, or --no-report')
  const here = await lookAround(plan.engines, base, output)
  checkOptions(plan, here.found)
  return here
}

/** From the first event to the exit code. From here on the run is in the store. */
async function conduct(
  { run, job, here, units, attempts }: Work,
  store: Store,
  settings: RunSettings,
  context: Context,
  signal: AbortSignal,
  begin: (recording: Recording) => void,
): Promise<number> {
  const { output, home } = context
  const recording = createRecording(store, run, output, settings.isVerbose)
  begin(recording)
  const { plan, base } = job
  await runUnits({ plan, base, units, attempts, discovered: here.discovered, home, signal, emit: recording.emit })
  const result = recording.end(settings.reportPath)
  if (output.isJson) output.answer(result, () => '')
  if (result.complete) return exitCode(result.verdict)
  if (output.isJson) output.note(`Go on with it: assay run --resume ${run}`)
  return EXIT.interrupted
}

/** Short enough to type, long enough never to meet another: 40 bits. */
function newRunId(): string {
  return randomBytes(5).toString('hex')
}

/** The devices of the units, and the reference. */
function takingPart(plan: Plan, devices: readonly DeviceDescription[], all: readonly DeviceDescription[]): DeviceDescription[] {
  const reference = all.filter(({ id }) => id === plan.reference.device)
  return [...devices, ...reference.filter(({ id }) => devices.every(device => device.id !== id))]
}

/** The stored units with what the stored plan says of their models. */
function unitsAgain(plan: Plan, unfinished: readonly UnitState[]): Unit[] {
  return unfinished.map(({ header }) => ({ header, entry: entryOf(plan, header) }))
}

function entryOf(plan: Plan, { model }: UnitHeader): Unit['entry'] {
  const entry = plan.models.find(candidate => candidate.model === model)
  if (entry === undefined) throw new Error(`the stored plan does not name ${model}`)
  return entry
}

function attemptsOf(unfinished: readonly UnitState[]): Map<string, number> {
  return new Map(unfinished.map(({ header, attempts }) => [header.id, attempts.length]))
}
