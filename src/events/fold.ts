/**
 * The fold from a log of events to what is known of a run. The live terminal, the stored log and a log from another
 * machine all go through `step`; `document.ts` turns the state into the result document.
 */
import { AssayError } from '../errors.ts'
import type { EventBody, RunEvent, UnitHeader } from './event.ts'
import type { BenchmarkPoint, CheckResult, DeviceCeilings } from './result.ts'

type Body<T extends EventBody['type']> = Extract<RunEvent, { type: T }>

/** One go at a unit. Attempts are appended and never overwritten; only the last one counts. */
export interface Attempt {
  readonly number: number
  readonly startedMs: number
  readonly loaded: Body<'model-loaded'> | null
  readonly checks: readonly CheckResult[]
  readonly points: readonly { readonly benchmark: string; readonly point: BenchmarkPoint }[]
  readonly ceilings: DeviceCeilings | null
  /** Repetitions measured so far; what they say is in the points. */
  readonly samples: number
  /** What it is doing now, for people. */
  readonly activity: { readonly text: string; readonly done: number; readonly total: number } | null
  readonly ended: Body<'unit-ended'> | null
}

export interface UnitState {
  readonly header: UnitHeader
  readonly attempts: readonly Attempt[]
}

export interface RunState {
  readonly started: Body<'run-started'>
  readonly units: ReadonlyMap<string, UnitState>
  /** Number and time of the last event. */
  readonly sequence: number
  readonly timeMs: number
  /** Time spent running: the gap between an interruption and a resumption is left out. */
  readonly activeMs: number
  readonly phase: 'running' | 'interrupted' | 'ended'
  readonly reporterFailures: readonly { readonly reporter: string; readonly message: string }[]
}

/** Null before the first event of a log. */
export type FoldState = RunState | null

/** The attempt that counts, or undefined where the unit was not started. */
export function lastAttempt(unit: UnitState): Attempt | undefined {
  return unit.attempts.at(-1)
}

/** Units that were not run to their end, in the plan's order: what a resumed run has left to do. */
export function unfinishedUnits(state: RunState): UnitState[] {
  return [...state.units.values()].filter(unit => !lastAttempt(unit)?.ended)
}

/**
 * The state after one more event.
 * @throws AssayError `log-invalid` where the event cannot follow those before it.
 */
export function step(state: FoldState, event: RunEvent): RunState {
  if (event.sequence !== (state?.sequence ?? 0) + 1) {
    throw invalid(event, `event ${(state?.sequence ?? 0) + 1} of the run should come here`)
  }
  if (event.type === 'run-started') {
    if (state !== null) throw invalid(event, 'the run was started before')
    return begin(event)
  }
  if (state === null) throw invalid(event, 'a log begins with run-started')
  const pausedMs = event.type === 'run-resumed' ? event.timeMs - state.timeMs : 0
  const next: RunState = {
    ...state,
    sequence: event.sequence,
    timeMs: event.timeMs,
    // A wall clock may be set back; no time is better than negative time.
    activeMs: state.activeMs + Math.max(0, event.timeMs - state.timeMs - pausedMs),
  }
  switch (event.type) {
    case 'run-resumed':
      return { ...next, phase: 'running' }
    case 'run-interrupted':
      return { ...next, phase: 'interrupted' }
    case 'run-ended':
      return { ...next, phase: 'ended' }
    case 'reporter-failed':
      return {
        ...next,
        reporterFailures: [...state.reporterFailures, { reporter: event.reporter, message: event.message }],
      }
    case 'unit-started':
      return startAttempt(next, event)
    case 'activity':
      return inAttempt(next, event, () => ({ activity: { text: event.text, done: event.done, total: event.total } }))
    case 'model-loaded':
      return inAttempt(next, event, () => ({ loaded: event }))
    case 'sample':
      return inAttempt(next, event, attempt => ({ samples: attempt.samples + 1 }))
    case 'check-ended':
      return inAttempt(next, event, attempt => ({ checks: [...attempt.checks, event.check] }))
    case 'ceilings-measured':
      return inAttempt(next, event, () => ({ ceilings: event.ceilings }))
    case 'point-ended':
      return inAttempt(next, event, attempt => ({
        points: [...attempt.points, { benchmark: event.benchmark, point: event.point }],
      }))
    case 'unit-ended':
      return inAttempt(next, event, () => ({ ended: event, activity: null }))
    default:
      return unreachable(event)
  }
}

/** The state after a whole log. */
export function fold(events: Iterable<RunEvent>, from: FoldState = null): FoldState {
  let state = from
  for (const event of events) state = step(state, event)
  return state
}

function begin(event: Body<'run-started'>): RunState {
  const units = new Map(event.units.map(header => [header.id, { header, attempts: [] }]))
  if (units.size !== event.units.length) throw invalid(event, 'two units have the same id')
  const { sequence, timeMs } = event
  return { started: event, units, sequence, timeMs, activeMs: 0, phase: 'running', reporterFailures: [] }
}

function startAttempt(state: RunState, event: Body<'unit-started'>): RunState {
  const unit = unitOf(state, event)
  if (event.attempt !== unit.attempts.length + 1) {
    throw invalid(event, `attempt ${event.attempt} of ${event.unit} cannot follow ${unit.attempts.length} attempts`)
  }
  const attempt: Attempt = {
    number: event.attempt,
    startedMs: event.timeMs,
    loaded: null,
    checks: [],
    points: [],
    ceilings: null,
    samples: 0,
    activity: null,
    ended: null,
  }
  return withUnit(state, { ...unit, attempts: [...unit.attempts, attempt] })
}

function inAttempt(
  state: RunState,
  event: RunEvent & { readonly unit: string; readonly attempt: number },
  change: (attempt: Attempt) => Partial<Attempt>,
): RunState {
  const unit = unitOf(state, event)
  const attempt = unit.attempts[event.attempt - 1]
  if (attempt === undefined) throw invalid(event, `attempt ${event.attempt} of ${event.unit} was not started`)
  if (attempt.ended !== null) throw invalid(event, `attempt ${event.attempt} of ${event.unit} has ended`)
  return withUnit(state, {
    ...unit,
    attempts: unit.attempts.with(event.attempt - 1, { ...attempt, ...change(attempt) }),
  })
}

function unitOf(state: RunState, event: RunEvent & { readonly unit: string }): UnitState {
  const unit = state.units.get(event.unit)
  if (unit === undefined) throw invalid(event, `the run has no unit ${event.unit}`)
  return unit
}

function withUnit(state: RunState, unit: UnitState): RunState {
  return { ...state, units: new Map(state.units).set(unit.header.id, unit) }
}

function invalid(event: RunEvent, problem: string): AssayError {
  return new AssayError('log-invalid', `The log does not hold together: ${problem}.`, {
    where: `event ${event.sequence} (${event.type})`,
    hint: 'Copy the log again, whole, from the machine that wrote it.',
  })
}

function unreachable(event: never): never {
  throw new Error(`unknown event: ${JSON.stringify(event)}`)
}
