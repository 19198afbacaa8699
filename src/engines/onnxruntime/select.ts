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

/** The values of fp16 bit patterns, by a table of all 65536: several times faster than reading a Float16Array. */
export function halfToFloat(bits: Uint16Array, target = new Float32Array(bits.length)): Float32Array {
  halfValues ??= Float32Array.from(new Float16Array(Uint16Array.from({ length: 65536 }, (_, i) => i).buffer))
  for (let i = 0; i < bits.length; i++) target[i] = halfValues[bits[i] as number] as number
  return target
}
