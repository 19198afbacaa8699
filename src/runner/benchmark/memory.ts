/** Memory that a point has to fit in, and whether it does. Pure. */
import { sayBytes } from '../../host/index.ts'
import type { Room } from './attempt.ts'

/** Memory that there is, and whose it is. */
export interface Memory {
  readonly bytes: number
  readonly of: 'the device' | 'the worker'
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

/**
 * What the next batch needs, by what was seen: the peak of the largest batch before it and what the sizes add, where that is more than
 * the least by the sizes alone.
 * @param least - bytes that a batch takes at least
 */
export function neededAfter(
  least: (batch: number) => number,
  batch: number,
  before: readonly { readonly point: { readonly batch: number }; readonly peakMemoryBytes: number | null }[],
): number {
  const [largest] = before
    .filter(({ peakMemoryBytes }) => peakMemoryBytes !== null)
    .toSorted((one, other) => other.point.batch - one.point.batch)
  if (largest === undefined || largest.point.batch > batch) return least(batch)
  return Math.max(least(batch), (largest.peakMemoryBytes ?? 0) + least(batch) - least(largest.point.batch))
}
