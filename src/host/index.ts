export { checkWorker } from './conformance.ts'
export type { Grace } from './deadlines.ts'
export { sayBytes, WorkerFailure } from './failure.ts'
export { type Parcel, sendParcel } from './parcel.ts'
export {
  type CallOptions,
  type Reply,
  startWorker,
  stopAllWorkers,
  type WorkerHandle,
  type WorkerOptions,
} from './worker.ts'
