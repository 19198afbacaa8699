import { batchesOf } from '../plan/grid.ts'
import type { Plan } from '../plan/schema.ts'
import type { FoundDevice } from './discovery.ts'
import { sessionLimits } from './request.ts'
import type { SessionLimits } from './session.ts'

/** Of the memory that is free when a unit begins, what a worker may take that goes to the memory's limit on purpose. */
const SHARE_OF_FREE = 0.9

/**
 * A unit's limits. Where batch sizes go to the memory's limit on a device whose memory is the machine's own, and the plan sets none,
 * the worker gets one below what is free, so that the machine's other processes do not pay for it.
 */
export function unitLimits(plan: Plan, { description, launch }: FoundDevice): SessionLimits {
  const limits = sessionLimits(plan)
  const isToMemory = Object.values(plan.benchmarks).some(
    settings => settings !== undefined && batchesOf(settings.batch).isToMemory,
  )
  if (!isToMemory || limits.workerMemoryBytes !== undefined || description.kind !== 'cpu') return limits
  // Over standard streams it may be another machine, of which only the worker itself knows.
  const free = Math.min(
    description.memoryBytes ?? Number.POSITIVE_INFINITY,
    launch.stdio ? Number.POSITIVE_INFINITY : process.availableMemory(),
  )
  return Number.isFinite(free) ? { ...limits, workerMemoryBytes: Math.floor(SHARE_OF_FREE * free) } : limits
}
