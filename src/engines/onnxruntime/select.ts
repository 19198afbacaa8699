/** The best and the second best of a row of logits. */

export interface TopTwo {
  bestId: number
  best: number
  secondId: number
  second: number
}

/**
 * Writes into `top` the two largest of `values[offset .. offset + length)`. The lowest index wins a tie, and NaN is larger than
 * any number, both as in NumPy and torch, so that a NaN shows instead of hiding. One comparison per value on the usual path.
 */
export function selectTopTwo(values: Float32Array, offset: number, length: number, top: TopTwo): void {
  let best = Number.NEGATIVE_INFINITY
  let second = Number.NEGATIVE_INFINITY
  let bestId = 0
  let secondId = Math.min(1, length - 1)
  for (let id = 0; id < length; id++) {
    const value = values[offset + id] as number
    if (value <= second) continue
    if (value > best || (Number.isNaN(value) && !Number.isNaN(best))) {
      if (id > 0) {
        second = best
        secondId = bestId
      }
      best = value
      bestId = id
    } else if (value > second) {
      second = value
      secondId = id
    }
  }
  top.bestId = bestId
  top.best = best
  top.secondId = secondId
  top.second = second
}

let halfValues: Float32Array | null = null

/** IEEE 754 binary16: 1 bit of sign, 5 of exponent, 10 of fraction. Without Float16Array, which has to stay out of onnxruntime's sight. */
function halfValue(bits: number): number {
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023]
  const sign = bits >> 15 === 0 ? 1 : -1
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15))
}

/** The values of fp16 bit patterns, by a table of all 65536: several times faster than reading a Float16Array. */
export function halfToFloat(bits: Uint16Array, target = new Float32Array(bits.length)): Float32Array {
  halfValues ??= Float32Array.from({ length: 65536 }, (_, i) => halfValue(i))
  for (let i = 0; i < bits.length; i++) target[i] = halfValues[bits[i] as number] as number
  return target
}
