import type { WorkerErrorCode } from './messages.ts'

/** The peer sent something that this protocol does not allow; the connection is of no more use. */
export class ProtocolError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ProtocolError'
  }
}

/** A worker's answer that it could not do what was asked. The worker is alive, and the next call may succeed. */
export class WorkerError extends Error {
  readonly code: WorkerErrorCode

  constructor(code: WorkerErrorCode, message: string) {
    super(message)
    this.name = 'WorkerError'
    this.code = code
  }
}
