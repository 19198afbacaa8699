/** One point of a benchmark: refused where it cannot be, else measured; what goes wrong becomes its own result. */
import { shapeName } from '../events/shape.ts'
import { WorkerFailure } from '../host/index.ts'
import { WorkerError } from '../protocol/failure.ts'
import type { Attempt, Point, Room, Timed, Untimed } from './attempt.ts'
import { measurePoint, type Timing } from './measure-point.ts'
import { type MemoryCost, misfit, neededBytes } from './memory-need.ts'
import { isInterruption, outcomeOf } from './outcome.ts'
import { sampleValues } from './point-metrics.ts'
import type { UnitContext } from './request.ts'
import type { Subject } from './subject.ts'
import { activity } from './unit-parts.ts'

export const NAME = 'generation'

const UNKNOWN: Room = { neededBytes: null, availableBytes: null }

interface Trial {
  readonly point: Point
  /** What was timed of the same shape. */
  readonly before: readonly Timed[]
  readonly cost: MemoryCost
}

/** Throws only for an interruption, and for what is a bug. */
export async function tryPoint(
  context: UnitContext,
  timing: Timing,
  subject: Subject,
  { point, before, cost }: Trial,
): Promise<Attempt> {
  const impossible = impossibility(point, subject)
  if (impossible !== null) return skipped(point, impossible, UNKNOWN)
  const room = { neededBytes: neededBytes(cost, point, before), availableBytes: subject.memory?.bytes ?? null }
  const tooLarge = misfit(room, subject.memory)
  if (tooLarge !== null) return skipped(point, tooLarge, room)
  const { batch, ...shape } = point
  const tell = (doing: string) => activity(context, `${shapeName(shape)}, batch ${batch}: ${doing}`)
  try {
    const timed = await measurePoint(await subject.worker.session(), point, subject.tokens, timing, tell)
    tellSamples(context, timed)
    return timed
  } catch (error) {
    return failed(error, point, room)
  }
}

/** Why a point can be known not to run; null where it may. */
function impossibility({ inputTokens, outputTokens }: Point, { found, model }: Subject): string | null {
  const positions = model.graph.maxPositions
  if (!found.methods.includes('measure')) return `the engine ${found.launch.engine} measures nothing`
  if (inputTokens + outputTokens > positions)
    return `${inputTokens} + ${outputTokens} tokens are more than the model's ${positions} positions`
  return null
}

function skipped(point: Point, reason: string, room: Room): Untimed {
  return { kind: 'untimed', point, status: 'skip', reason, room, ends: null }
}

/** A worker that answers is alive, and one that died is replaced: either way the benchmark goes on. */
function failed(error: unknown, point: Point, room: Room): Untimed {
  const isWorkers = error instanceof WorkerError || error instanceof WorkerFailure
  if (!isWorkers || isInterruption(error)) throw error
  const { status, reason } = outcomeOf(error)
  return {
    kind: 'untimed',
    point,
    status: status === 'skip' ? 'skip' : 'error',
    reason,
    room,
    ends: endOf(error),
  }
}

function endOf(error: WorkerError | WorkerFailure): string | null {
  if (error instanceof WorkerFailure) return 'ended its worker'
  return error.code === 'out-of-memory' ? 'had no room' : null
}

function tellSamples({ unit, attempt, emit }: UnitContext, { point, samples }: Timed): void {
  const { batch, ...shape } = point
  for (const sample of samples)
    emit({
      type: 'sample',
      unit: unit.header.id,
      attempt,
      benchmark: NAME,
      batch,
      shape,
      values: sampleValues(sample, batch, point.inputTokens),
    })
}
