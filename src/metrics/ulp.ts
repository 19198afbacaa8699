import { percentile } from './percentile.ts'

export type FloatPrecision = 'fp32' | 'fp16' | 'bf16'

/** Distances in units in the last place. NaN where nothing was compared. */
export interface UlpComparison {
  /** Elements that are finite on both sides. */
  compared: number
  /** Linear interpolation between ranks. */
  p50: number
  p99: number
  max: number
  /** Where max is, the first if several; -1 if nothing was compared. */
  worstIndex: number
}

/**
 * How many representable numbers of the device's precision lie between its values and the reference's.
 *
 * Both sides are rounded to `precision` (to nearest, ties to even) and their places on its number line subtracted: 0 is
 * the same number, 1 a neighbour, and -0 is 0. One step beyond the largest finite number lies infinity, so a reference
 * that overflows in `precision` is at distance 0 from a device near there. Pairs with NaN or an infinity on either
 * side, as given, are left out: `compareElements` counts them. Throws RangeError if the lengths differ.
 * Source: B. Dawson, "Comparing floating point numbers, 2012 edition"; the number line is IEEE 754's totalOrder.
 */
export function compareUlp(reference: Float32Array, device: Float32Array, precision: FloatPrecision): UlpComparison {
  if (reference.length !== device.length) {
    throw new RangeError(`reference has ${reference.length} elements, device ${device.length}`)
  }
  const place = placers[precision]()
  const distances = new Uint32Array(reference.length)
  let compared = 0
  let max = 0
  let worstIndex = -1
  for (let i = 0; i < reference.length; i++) {
    const r = reference[i] ?? Number.NaN
    const d = device[i] ?? Number.NaN
    if (!(Number.isFinite(r) && Number.isFinite(d))) continue
    const distance = Math.abs(place(d) - place(r))
    distances[compared++] = distance
    if (distance > max || worstIndex < 0) {
      max = distance
      worstIndex = i
    }
  }
  if (compared === 0) return { compared, p50: Number.NaN, p99: Number.NaN, max: Number.NaN, worstIndex }
  const sorted = distances.subarray(0, compared).sort()
  return { compared, p50: percentile(sorted, 50), p99: percentile(sorted, 99), max, worstIndex }
}

/** Gives a number's place on a precision's number line: 0 for zero, 1 for the smallest subnormal, and so on. */
type Placer = (value: number) => number

const placers: Record<FloatPrecision, () => Placer> = {
  fp32: () => {
    const bits = bitsOf()
    return value => signed(bits(value), 0x8000_0000)
  },
  fp16: () => {
    const half = new Float16Array(1)
    const bits = new Uint16Array(half.buffer)
    return value => {
      half[0] = value
      return signed(bits[0] ?? 0, 0x8000)
    }
  },
  bf16: () => {
    const bits = bitsOf()
    return value => {
      const b = bits(value)
      // The upper half of fp32, rounded to nearest even; a carry into the exponent is the right answer.
      return signed((b + 0x7fff + ((b >>> 16) & 1)) >>> 16, 0x8000)
    }
  },
}

function bitsOf(): (value: number) => number {
  const single = new Float32Array(1)
  const bits = new Uint32Array(single.buffer)
  return value => {
    single[0] = value
    return bits[0] ?? 0
  }
}

/** Sign and magnitude to a signed number. */
const signed = (bits: number, signBit: number): number => (bits >= signBit ? signBit - bits : bits)
