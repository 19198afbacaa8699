import { divergence, divergenceWithInfinities } from './divergence.ts'
import { ElementSums } from './element-sums.ts'
import { assertSameLength, type ElementComparison } from './elements.ts'
import { TopK } from './topk.ts'

export interface LogitsShape {
  positions: number
  vocabulary: number
  /** k of the top-k overlap, at most the vocabulary. */
  topK?: number
}

/** A position where the device would choose another token. */
export interface Flip {
  position: number
  /** -1 where a row is all NaN. */
  referenceToken: number
  deviceToken: number
  /** The reference's top-1 minus its top-2 logit: how clear its own choice was. */
  margin: number
  /** The reference's top-1 minus its logit of the device's choice: what the choice costs. 0 for a tie. */
  deviceMargin: number
}

/** Two logits tensors compared. Means, minima and maxima over no position are NaN, and their position -1. */
export interface LogitsComparison {
  positions: number
  vocabulary: number
  elements: ElementComparison
  /**
   * KL(softmax r, softmax d) over the positions where both are distributions. Infinity where the device gives
   * probability zero to a token that the reference does not.
   */
  klNats: { mean: number; max: number; maxPosition: number; undefinedPositions: number }
  /** Share of positions whose argmax agrees. Of equal logits the lowest token is the argmax; NaN never is. */
  top1: number
  flips: Flip[]
  /** Size of the intersection of the two top-k sets. Ties at the edge of a set go to the lower token. */
  topk: { k: number; mean: number; min: number; minPosition: number }
  /** [positions] each, for charts. maxAbs over the elements finite on both sides; klNats NaN where undefined. */
  perPosition: { maxAbs: Float64Array; klNats: Float64Array }
  /** The element behind `elements.maxAbs`; null if nothing was compared. */
  worst: { position: number; token: number; reference: number; device: number } | null
}

/**
 * Compares a device's logits with the reference's, in one pass over memory: each row is read while it is in cache.
 *
 * `reference`, `device`: [positions, vocabulary], row-major. Throws RangeError if a length is not positions x vocabulary
 * or topK is not between 1 and the vocabulary (the default is 10, or the vocabulary if smaller).
 * Definitions: docs/metrics.md, "Numerics".
 */
export function compareLogits(reference: Float32Array, device: Float32Array, shape: LogitsShape): LogitsComparison {
  const { positions, vocabulary, topK: k = Math.min(10, vocabulary) } = shape
  assertSameLength(reference, device)
  assertShape(reference.length, positions, vocabulary, k)

  const sums = new ElementSums()
  // Two at least, since a margin needs the runner-up.
  const referenceTop = new TopK(Math.max(2, k))
  const deviceTop = new TopK(Math.max(2, k))
  const flips: Flip[] = []
  const maxAbs = new Float64Array(positions)
  const klNats = new Float64Array(positions)
  const overlap = new Float64Array(positions)

  for (let position = 0; position < positions; position++) {
    const start = position * vocabulary
    const end = start + vocabulary
    const row = sums.add(reference, device, start, end)
    maxAbs[position] = row.maxAbs
    referenceTop.select(reference, start, end)
    deviceTop.select(device, start, end)
    klNats[position] = row.isFinite
      ? divergence(reference, device, start, end, topLogit(referenceTop), topLogit(deviceTop), row.maxAbs)
      : divergenceWithInfinities(reference, device, start, end)
    overlap[position] = referenceTop.overlap(deviceTop, k)
    const flip = flipOf(position, referenceTop, deviceTop, reference, start)
    if (flip !== null) flips.push(flip)
  }

  const elements = sums.result()
  return {
    positions,
    vocabulary,
    elements,
    klNats: { ...meanAndMax(klNats), undefinedPositions: klNats.reduce((n, kl) => n + (Number.isNaN(kl) ? 1 : 0), 0) },
    top1: (positions - flips.length) / positions,
    flips,
    topk: { k, ...meanAndMin(overlap) },
    perPosition: { maxAbs, klNats },
    worst: worstOf(elements, reference, device, vocabulary),
  }
}

function assertShape(length: number, positions: number, vocabulary: number, k: number): void {
  if (length !== positions * vocabulary) {
    throw new RangeError(`${length} logits are not ${positions} positions x ${vocabulary} tokens`)
  }
  if (positions > 0 && !(k >= 1 && k <= vocabulary)) {
    throw new RangeError(`top-${k} of a vocabulary of ${vocabulary}`)
  }
}

const topToken = (top: TopK): number => top.tokens[0] ?? -1
const topLogit = (top: TopK): number => top.logits[0] ?? Number.NaN

function flipOf(
  position: number,
  referenceTop: TopK,
  deviceTop: TopK,
  reference: Float32Array,
  start: number,
): Flip | null {
  const referenceToken = topToken(referenceTop)
  const deviceToken = topToken(deviceTop)
  if (referenceToken === deviceToken && referenceToken >= 0) return null
  const chosen = deviceToken < 0 ? Number.NaN : (reference[start + deviceToken] ?? Number.NaN)
  return {
    position,
    referenceToken,
    deviceToken,
    margin: topLogit(referenceTop) - (referenceTop.logits[1] ?? Number.NaN),
    deviceMargin: topLogit(referenceTop) - chosen,
  }
}

function meanAndMax(values: Float64Array): { mean: number; max: number; maxPosition: number } {
  let sum = 0
  let count = 0
  let maxPosition = -1
  for (const [position, value] of values.entries()) {
    if (Number.isNaN(value)) continue
    sum += value
    count++
    if (maxPosition < 0 || value > (values[maxPosition] ?? Number.NaN)) maxPosition = position
  }
  return { mean: sum / count, max: values[maxPosition] ?? Number.NaN, maxPosition }
}

function meanAndMin(values: Float64Array): { mean: number; min: number; minPosition: number } {
  const { mean, max, maxPosition } = meanAndMax(values.map(value => -value))
  return { mean: -mean, min: -max, minPosition: maxPosition }
}

function worstOf(
  elements: ElementComparison,
  reference: Float32Array,
  device: Float32Array,
  vocabulary: number,
): LogitsComparison['worst'] {
  const at = elements.worstIndex
  if (at < 0) return null
  return {
    position: Math.floor(at / vocabulary),
    token: at % vocabulary,
    reference: reference[at] ?? Number.NaN,
    device: device[at] ?? Number.NaN,
  }
}
