/** What a batch of images takes of memory, before it is tried. Pure. */
import { neededAfter } from '../memory.ts'
import type { InferenceCost } from './subject.ts'
import type { TimedInference } from './timed.ts'

/**
 * The loaded model and the activations that a pass holds, or, where more was seen, the peak of the largest batch before it and the
 * activations that are added; null where nobody knows.
 * @param loadedBytes - held once the model is loaded, as the worker says; null where it does not
 */
export function neededBytes(
  cost: InferenceCost | null,
  loadedBytes: number | null,
  batch: number,
  before: readonly TimedInference[],
): number | null {
  if (cost === null || cost.heldBytes === null) return null
  const [held, perImage] = [loadedBytes ?? cost.weightBytes, cost.heldBytes]
  return neededAfter(size => held + size * perImage, batch, before)
}
