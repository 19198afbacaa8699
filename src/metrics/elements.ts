import { type ElementComparison, ElementSums } from './element-sums.ts'

export type { ElementComparison } from './element-sums.ts'

/**
 * Compares two tensors of the same shape element by element.
 *
 * Values in any unit; maxAbs and meanAbs are in that unit. Throws RangeError if the lengths differ: compare shapes first.
 * Definitions: docs/metrics.md, "Numerics".
 */
export function compareElements(reference: Float32Array, device: Float32Array): ElementComparison {
  assertSameLength(reference, device)
  const sums = new ElementSums()
  sums.add(reference, device, 0, reference.length)
  return sums.result()
}

/** Throws RangeError unless both tensors have the same number of elements. */
export function assertSameLength(reference: Float32Array, device: Float32Array): void {
  if (reference.length !== device.length) {
    throw new RangeError(`reference has ${reference.length} elements, device ${device.length}`)
  }
}
