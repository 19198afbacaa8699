/** Whether a point can fit in memory, judged before it is tried. Pure. */
import type { Footprint } from '../build/footprint.ts'
import { sayBytes } from '../host/index.ts'
import type { Point, Room, Timed } from './attempt.ts'

/** A loaded model as its generations take memory. */
export interface MemoryCost extends Pick<Footprint, 'slotBytes' | 'logitsBytes'> {
  /** Held once the model is loaded: what the worker says, or else its weights. */
  readonly loadedBytes: number
  /** The most features that a matrix product other than the head takes and gives for one token. */
  readonly widestFeatures: number
}

/** Memory that there is, and whose it is. */
export interface Memory {
  readonly bytes: number
  readonly of: 'the device' | 'the worker'
}

const FLOAT_BYTES = 4

/**
 * The least that a point takes: the loaded model, keys and values of every token but the last, the logits of one position a row, and
 * what the widest product of one pass takes and gives. Scores of attention are left out, since a fused one never holds them.
 */
function leastBytes(cost: MemoryCost, { batch, inputTokens, outputTokens, prefillChunk }: Point): number {
  const cache = batch * (inputTokens + outputTokens - 1) * cost.slotBytes
  const logits = batch * cost.logitsBytes
  // Where no chunk was asked for the engine may take a prompt token by token.
  const activations = batch * Math.min(inputTokens, prefillChunk ?? 1) * cost.widestFeatures * FLOAT_BYTES
  return cost.loadedBytes + cache + logits + activations
}

/**
 * What a point needs: the least by its sizes, or, where more was seen, the peak of the largest batch before it and what the sizes add.
 * @param before - what was timed of the same shape
 */
export function neededBytes(cost: MemoryCost, point: Point, before: readonly Timed[]): number {
  const least = leastBytes(cost, point)
  const [largest] = before.filter(({ peakMemoryBytes }) => peakMemoryBytes !== null).toSorted(byBatch)
  if (largest === undefined || largest.point.batch > point.batch) return least
  return Math.max(least, (largest.peakMemoryBytes ?? 0) + least - leastBytes(cost, largest.point))
}

function byBatch(one: Timed, other: Timed): number {
  return other.point.batch - one.point.batch
}

/** Why a point cannot fit; null where it can, or where that cannot be told. */
export function misfit(room: Room, memory: Memory | null): string | null {
  const { neededBytes, availableBytes } = room
  if (memory === null || neededBytes === null || availableBytes === null || neededBytes <= availableBytes) return null
  const has = memory.of === 'the device' ? 'the device has' : 'the worker may hold'
  return `does not fit: it needs ${sayBytes(neededBytes)} at least, and ${has} ${sayBytes(availableBytes)}`
}

/** The memory that a point has to fit in: the worker's limit or the device's own, whichever is less; null where neither is known. */
export function memoryOf(deviceBytes: number | null, workerLimitBytes: number | undefined): Memory | null {
  if (workerLimitBytes !== undefined && (deviceBytes === null || workerLimitBytes <= deviceBytes))
    return { bytes: workerLimitBytes, of: 'the worker' }
  return deviceBytes === null ? null : { bytes: deviceBytes, of: 'the device' }
}
