/** How a worker died, in one sentence, with the end of what it printed. */
import type { Method } from '../protocol/messages.ts'

export type FailureKind =
  | 'spawn' // the command could not be started
  | 'exit' // ended by itself, with a code
  | 'signal' // ended by a signal: a native crash, the out-of-memory killer, somebody
  | 'deadline' // a call took too long
  | 'heartbeat' // fell silent: stopped, or hung so that not even its heartbeat came
  | 'memory' // over its memory limit
  | 'protocol' // sent what the protocol does not allow
  | 'closed' // closed its frames, but went on running
  | 'interrupt' // did not give up a call that was interrupted
  | 'stopped' // the host itself had stopped it

export interface FailureDetails {
  /** The call in progress, if any. */
  readonly call: Method | null
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  /** The last of what it printed on standard error, at most 8 KiB, and on standard output. */
  readonly stderrTail: string
  readonly stdoutTail: string
}

/** A worker that is of no more use. It has been killed, with all its children. */
export class WorkerFailure extends Error {
  readonly kind: FailureKind
  readonly details: FailureDetails

  constructor(kind: FailureKind, message: string, details: FailureDetails) {
    super(message)
    this.name = 'WorkerFailure'
    this.kind = kind
    this.details = details
  }

  get stderrTail(): string {
    return this.details.stderrTail
  }
}

/** Bytes as people say them, so that two of them can be compared: `1.53 GiB`. */
export function sayBytes(bytes: number): string {
  const gib = bytes / 1024 ** 3
  return gib >= 1 ? `${gib.toFixed(2)} GiB` : `${Math.round(bytes / 1024 ** 2)} MiB`
}

/** Milliseconds as people say them: `300 ms`, `4.2 s`. */
export function sayMs(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}
