export { type ConformanceCheck, type ConformanceOptions, type ConformanceReport, checkWorker } from './conformance.ts'
export { DEFAULT_DEADLINES_MS, type Grace } from './deadlines.ts'
export { type FailureKind, WorkerFailure } from './failure.ts'
export type { WorkerCommand } from './process.ts'
export {
  type CallOptions,
  type Reply,
  startWorker,
  stopAllWorkers,
  type WorkerHandle,
  type WorkerOptions,
} from './worker.ts'
