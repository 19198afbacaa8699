/** A point of a benchmark as it was tried. */
import type { Shape } from '../events/shape.ts'
import type { GenerationSample } from '../protocol/messages.ts'

/** What is measured at once: so many prompts of a shape. */
export interface Point extends Shape {
  readonly batch: number
}

/** A point as it was timed. */
export interface Timed {
  readonly kind: 'timed'
  readonly point: Point
  readonly prompts: readonly (readonly number[])[]
  readonly samples: readonly GenerationSample[]
  /** The chosen tokens of each sample and row, [samples, batch, outputTokens] flat. */
  readonly tokens: readonly number[]
  readonly peakMemoryBytes: number | null
  /** Prompt tokens that each pass of the prefill took; null where the worker does not say. */
  readonly prefillPassTokens: number | null
}

/** What a point would need at least, and what is there; null where that is not known. */
export interface Room {
  readonly neededBytes: number | null
  readonly availableBytes: number | null
}

/** A point that gave no figures. */
export interface Untimed {
  readonly kind: 'untimed'
  readonly point: Point
  readonly status: 'error' | 'skip'
  readonly reason: string
  readonly room: Room
  /** What a larger batch of the same shape would do again: `ended its worker`, `had no room`; null where it may yet do better. */
  readonly ends: string | null
}

export type Attempt = Timed | Untimed
