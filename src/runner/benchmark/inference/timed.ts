/** A batch of images as it was timed. */
import type { NamedTensors } from '../../../tensor.ts'
import type { Batched, Timed } from '../attempt.ts'

export interface TimedInference extends Timed<Batched> {
  /** Each pass, ms. */
  readonly forwardMs: readonly number[]
  /** What the audit looks at: some rows of the inputs, and what the last timed pass gave for them. */
  readonly kept: Kept
  /** What the last pass of the warm-up gave for the same rows. */
  readonly before: NamedTensors
  /** From files to outputs; null where that was not timed. */
  readonly pipeline: Pipeline | null
}

export interface Kept {
  readonly inputs: NamedTensors
  readonly outputs: NamedTensors
}

export interface Pipeline {
  readonly images: number
  readonly ms: number
  /** Of that, the time in which the device had no batch, since the next was not ready. */
  readonly waitMs: number
}
