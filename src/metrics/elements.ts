import { ElementSums } from './element-sums.ts'
import type { ErrorHistogram } from './error-histogram.ts'

/**
 * How far a device's tensor is from the reference's, element by element.
 *
 * Statistics are over the `compared` elements that are finite on both sides, summed in double; the others are counted
 * apart. Where nothing was compared, every statistic is NaN, which meets no threshold.
 * Zero norms: two zero tensors are equal (relL2 0, cosine 1, snrDb Infinity). A zero reference and a device that is
 * not zero give relL2 Infinity, cosine 0, snrDb -Infinity; the other way round relL2 1, cosine 0, snrDb 0.
 */
export interface ElementComparison {
  /** Elements of each tensor. */
  count: number
  /** Those that are finite on both sides. */
  compared: number
  /** Largest |d - r|. */
  maxAbs: number
  meanAbs: number
  /** |d - r| / |r|, Euclidean norms. */
  relL2: number
  /** d.r / (|d| |r|). Blind to scale: x and 2x give 1. */
  cosine: number
  /** 20 log10(|r| / |d - r|). */
  snrDb: number
  /** Where maxAbs is, the first if several; -1 if nothing was compared. */
  worstIndex: number
  referenceNaN: number
  deviceNaN: number
  referenceInf: number
  deviceInf: number
  /** First index where only one side is finite, or both are not but differ in kind (NaN, Infinity, -Infinity); else -1. */
  nonFiniteMismatch: number
  histogram: ErrorHistogram
}

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
