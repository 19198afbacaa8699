/**
 * How many elements have an absolute error in each power of two.
 *
 * `counts[i]` elements have 2^exponents[i] <= |d - r| < 2^(exponents[i] + 1); exact matches are `zeros` apart.
 * `exponents` ascend without gaps from the smallest to the largest bin that is not empty. |d - r| is first rounded to
 * fp32, so an error within 6e-8 of a power of two may be counted in the bin above. Exponent -127 holds everything
 * below 2^-126, exponent 128 the errors above fp32's largest number.
 */
export interface ErrorHistogram {
  exponents: number[]
  counts: number[]
  zeros: number
}

const BINS = 256
const BIAS = 127

/** Counts the exponents of non-negative fp32 values, given as their bits, block by block. */
export class ExponentCounter {
  // Two sets of bins, taken in turn: neighbours mostly fall in the same bin, and one counter would wait for itself.
  readonly #even = new Float64Array(BINS)
  readonly #odd = new Float64Array(BINS)
  #zeros = 0

  /** Counts the first `length` values of `bits`, the bits of non-negative fp32 values. */
  add(bits: Uint32Array, length: number): void {
    const even = this.#even
    const odd = this.#odd
    const belowNormal = (even[0] ?? 0) + (odd[0] ?? 0)
    const pairs = length & ~1
    for (let i = 0; i < pairs; i += 2) {
      const a = ((bits[i] ?? 0) >>> 23) & 255
      even[a] = (even[a] ?? 0) + 1
      const b = ((bits[i + 1] ?? 0) >>> 23) & 255
      odd[b] = (odd[b] ?? 0) + 1
    }
    if (pairs < length) {
      const a = ((bits[pairs] ?? 0) >>> 23) & 255
      even[a] = (even[a] ?? 0) + 1
    }
    if ((even[0] ?? 0) + (odd[0] ?? 0) > belowNormal) this.#zeros += countZeros(bits, length)
  }

  result(): ErrorHistogram {
    const total = Array.from(this.#even, (count, i) => count + (this.#odd[i] ?? 0))
    total[0] = (total[0] ?? 0) - this.#zeros
    const first = total.findIndex(count => count > 0)
    if (first < 0) return { exponents: [], counts: [], zeros: this.#zeros }
    const counts = total.slice(first, total.findLastIndex(count => count > 0) + 1)
    return { exponents: counts.map((_, i) => first + i - BIAS), counts, zeros: this.#zeros }
  }
}

function countZeros(bits: Uint32Array, length: number): number {
  let zeros = 0
  for (let i = 0; i < length; i++) zeros += bits[i] === 0 ? 1 : 0
  return zeros
}
