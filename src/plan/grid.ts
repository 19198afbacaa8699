/** The points of a benchmark: its batch sizes, and, of a generation, every shape at each of them. */

/** The word for batch sizes that go on until one does not fit. */
export const TO_MEMORY = 'max'
/** More rows than any device is given at once. */
export const LARGEST_BATCH = 65_536

type Axis = number | readonly number[]

/** What a plan says of batch sizes. */
export type BatchSetting = number | typeof TO_MEMORY | readonly (number | typeof TO_MEMORY)[]

export interface Batches {
  readonly batches: readonly number[]
  /** Whether batch sizes go on doubling from the largest, until one does not fit. */
  readonly isToMemory: boolean
}

export function batchesOf(batch: BatchSetting): Batches {
  const entries = listed(batch)
  const batches = entries.filter(entry => entry !== TO_MEMORY)
  return { batches: batches.length === 0 ? [1] : batches, isToMemory: entries.includes(TO_MEMORY) }
}

/** Lengths of a generation. */
export interface GenerationShape {
  readonly inputTokens: number
  readonly outputTokens: number
  /** Prompt tokens that each pass of the prefill is asked to take; null where the engine chooses. */
  readonly prefillChunk: number | null
}

/** What a plan says of them. */
export interface GridSettings {
  readonly batch: BatchSetting
  readonly inputTokens: Axis
  readonly outputTokens: Axis
  readonly prefillChunk?: Axis | undefined
}

export interface Grid extends Batches {
  /** Input lengths, then output lengths, then chunks of the prefill. */
  readonly shapes: readonly GenerationShape[]
}

export function gridOf({ batch, inputTokens, outputTokens, prefillChunk }: GridSettings): Grid {
  return {
    shapes: listed(inputTokens).flatMap(input =>
      listed(outputTokens).flatMap(output =>
        chunksOf(prefillChunk).map(chunk => ({ inputTokens: input, outputTokens: output, prefillChunk: chunk })),
      ),
    ),
    ...batchesOf(batch),
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
