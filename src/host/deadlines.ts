import type { Method } from '../protocol/messages.ts'

/** How long each call may take, in ms, unless the caller says otherwise. Generous: they end a hang, they judge no speed. */
export const DEFAULT_DEADLINES_MS: Readonly<Record<Method, number>> = {
  // Importing a framework from a cold disk takes tens of seconds.
  hello: 120_000,
  load: 900_000,
  run: 600_000,
  generate: 1_800_000,
  measure: 1_800_000,
  unload: 60_000,
  // What is there is hashed: 100 GB in some minutes.
  artifact: 900_000,
  // A few MB, over a slow line.
  write: 300_000,
}

export interface Grace {
  /** From interrupting a call to its answer; then the worker is killed. */
  readonly interruptMs: number
  /** From SIGTERM to SIGKILL. */
  readonly terminateMs: number
  /** From closing its input to its exit, when it is stopped. */
  readonly stopMs: number
  /** Without any byte from a worker that promised heartbeats. */
  readonly silenceMs: number
}

export const DEFAULT_GRACE: Grace = { interruptMs: 5_000, terminateMs: 1_000, stopMs: 3_000, silenceMs: 15_000 }
