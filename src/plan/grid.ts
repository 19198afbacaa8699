/** The points of a generation benchmark: every shape at every batch size. */
import type { Shape } from '../events/shape.ts'

/** The word for batch sizes that go on until one does not fit. */
export const TO_MEMORY = 'max'
/** More rows than any device is given at once. */
export const LARGEST_BATCH = 65_536

type Axis = number | readonly number[]

/** What a plan says of them. */
export interface GridSettings {
  readonly batch: number | typeof TO_MEMORY | readonly (number | typeof TO_MEMORY)[]
  readonly inputTokens: Axis
  readonly outputTokens: Axis
  readonly prefillChunk?: Axis | undefined
}

export interface Grid {
  /** Input lengths, then output lengths, then chunks of the prefill. */
  readonly shapes: readonly Shape[]
  readonly batches: readonly number[]
  /** Whether batch sizes go on doubling from the largest, until one does not fit. */
  readonly isToMemory: boolean
}

export function gridOf({ batch, inputTokens, outputTokens, prefillChunk }: GridSettings): Grid {
  const entries = listed(batch)
  const isToMemory = entries.includes(TO_MEMORY)
  const batches = entries.filter(entry => entry !== TO_MEMORY)
  return {
    shapes: listed(inputTokens).flatMap(input =>
      listed(outputTokens).flatMap(output =>
        chunksOf(prefillChunk).map(chunk => ({ inputTokens: input, outputTokens: output, prefillChunk: chunk })),
      ),
    ),
    batches: batches.length === 0 ? [1] : batches,
    isToMemory,
  }
}

function chunksOf(prefillChunk: Axis | undefined): readonly (number | null)[] {
  return prefillChunk === undefined ? [null] : listed(prefillChunk)
}

function listed<T extends number | string>(value: T | readonly T[]): readonly T[] {
  return typeof value === 'object' ? value : [value]
}

/** The batch size after `batch` on the way to the memory's limit; null where there is none that a device is given. */
export function doubled(batch: number): number | null {
  return batch * 2 <= LARGEST_BATCH ? batch * 2 : null
}
