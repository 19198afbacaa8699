/** A point of a generation as it was timed. */
import type { Shape } from '../../../events/shape.ts'
import type { GenerationShape } from '../../../plan/grid.ts'
import type { GenerationSample } from '../../../protocol/messages.ts'
import type { Timed } from '../attempt.ts'

/** What is measured at once: so many prompts of a shape. */
export interface GenerationPoint extends GenerationShape {
  readonly batch: number
}

export interface TimedGeneration extends Timed<GenerationPoint> {
  readonly prompts: readonly (readonly number[])[]
  readonly samples: readonly GenerationSample[]
  /** The chosen tokens of each sample and row, [samples, batch, outputTokens] flat. */
  readonly tokens: readonly number[]
  /** Prompt tokens that each pass of the prefill took; null where the worker does not say. */
  readonly prefillPassTokens: number | null
}

/** As the events have it: without the chunk where the engine chooses. */
export function shapeOf({ inputTokens, outputTokens, prefillChunk }: GenerationShape): Shape {
  return { inputTokens, outputTokens, ...(prefillChunk === null ? {} : { prefillChunk }) }
}
