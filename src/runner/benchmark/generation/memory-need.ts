/** What a point of a generation takes of memory, before it is tried. Pure. */
import type { Footprint } from '../../../build/footprint.ts'
import { neededAfter } from '../memory.ts'
import type { GenerationPoint, TimedGeneration } from './timed.ts'

/** A loaded model as its generations take memory. */
export interface MemoryCost extends Pick<Footprint, 'slotBytes' | 'logitsBytes'> {
  /** Held once the model is loaded: what the worker says, or else its weights. */
  readonly loadedBytes: number
  /** The most features that a matrix product other than the head takes and gives for one token. */
  readonly widestFeatures: number
}

const FLOAT_BYTES = 4

/**
 * The least that a point takes: the loaded model, keys and values of every token but the last, the logits of one position a row, and
 * what the widest product of one pass takes and gives. Scores of attention are left out, since a fused one never holds them.
 */
function leastBytes(cost: MemoryCost, { batch, inputTokens, outputTokens, prefillChunk }: GenerationPoint): number {
  const cache = batch * (inputTokens + outputTokens - 1) * cost.slotBytes
  const logits = batch * cost.logitsBytes
  // Where no chunk was asked for the engine may take a prompt token by token.
  const activations = batch * Math.min(inputTokens, prefillChunk ?? 1) * cost.widestFeatures * FLOAT_BYTES
  return cost.loadedBytes + cache + logits + activations
}

/**
 * What a point needs: the least by its sizes, or, where more was seen, the peak of the largest batch before it and what the sizes add.
 * @param before - what was timed of the same shape
 */
export function neededBytes(cost: MemoryCost, point: GenerationPoint, before: readonly TimedGeneration[]): number {
  return neededAfter(batch => leastBytes(cost, { ...point, batch }), point.batch, before)
}
