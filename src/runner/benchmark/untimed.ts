/** Points that give no figures: refused before they were tried, or ended by what went wrong. */
import type { BenchmarkPoint } from '../../events/result.ts'
import type { Shape } from '../../events/shape.ts'
import { WorkerFailure } from '../../host/index.ts'
import { WorkerError } from '../../protocol/failure.ts'
import { isInterruption, outcomeOf } from '../outcome.ts'
import type { Batched, Room, Untimed } from './attempt.ts'

export const UNKNOWN_ROOM: Room = { neededBytes: null, availableBytes: null }

export function skipped<P extends Batched>(point: P, reason: string, room: Room = UNKNOWN_ROOM): Untimed<P> {
  return { kind: 'untimed', point, status: 'skip', reason, room, ends: null }
}

/**
 * A point that its worker gave up or died of: a worker that answers is alive, and one that died is replaced, so either way the
 * benchmark goes on. Throws the error where it is an interruption, or no worker's, which is a bug.
 */
export function failed<P extends Batched>(error: unknown, point: P, room: Room): Untimed<P> {
  const isWorkers = error instanceof WorkerError || error instanceof WorkerFailure
  if (!isWorkers || isInterruption(error)) throw error
  const { status, reason } = outcomeOf(error)
  return { kind: 'untimed', point, status: status === 'skip' ? 'skip' : 'error', reason, room, ends: endOf(error) }
}

function endOf(error: WorkerError | WorkerFailure): string | null {
  if (error instanceof WorkerFailure) return 'ended its worker'
  return error.code === 'out-of-memory' ? 'had no room' : null
}

/** It as a point of the result. */
export function untimedPoint(shape: Shape, { point, status, reason, room }: Untimed<Batched>): BenchmarkPoint {
  const { neededBytes, availableBytes } = room
  return {
    batch: point.batch,
    shape: { ...shape },
    status,
    reason,
    metrics: {},
    figures: neededBytes === null ? {} : { neededBytes, availableBytes },
    targets: [],
    audit: { status: 'skip', reason: 'nothing was timed', outputs: 0, disagreements: 0 },
    tokenLatencyMs: [],
    roofline: {},
  }
}
