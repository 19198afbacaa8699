import { fastExp } from './exp.ts'

/** Up to this |d - r| the series in `nearDivergence` holds to 2e-10. */
const NEAR = 1 / 8

/**
 * KL(softmax r, softmax d) of one row in nats, from elements start to end (exclusive) of two finite tensors.
 *
 * `referenceMax`, `deviceMax`: the row's largest logit on each side; `maxAbs`: its largest |d - r|. Absolute error
 * 2e-10 E[(d - r)^2] where maxAbs is up to 1/8 (E under softmax r), and 2e-11 (1 + maxAbs) above.
 * Rows that are not finite: see `divergenceWithInfinities`.
 */
export function divergence(
  reference: Float32Array,
  device: Float32Array,
  start: number,
  end: number,
  referenceMax: number,
  deviceMax: number,
  maxAbs: number,
): number {
  return maxAbs <= NEAR
    ? nearDivergence(reference, device, start, end, referenceMax)
    : farDivergence(reference, device, start, end, referenceMax, deviceMax)
}

/**
 * With x = d - r, p = softmax r and T = E_p[x]:  KL = log E_p[exp x] - T = log(1 + T + S) - T with
 * S = E_p[exp x - 1 - x], a sum of terms that are not negative. A difference of two log-sums would lose a KL of 1e-12
 * in their rounding; this keeps it, and needs one exponential an element.
 */
function nearDivergence(
  reference: Float32Array,
  device: Float32Array,
  start: number,
  end: number,
  referenceMax: number,
): number {
  let sum = 0
  let sumX = 0
  let sumS = 0
  for (let i = start; i < end; i++) {
    const r = reference[i] ?? Number.NaN
    const x = (device[i] ?? Number.NaN) - r
    const weight = fastExp(r - referenceMax)
    const weightedX = weight * x
    sum += weight
    sumX += weightedX
    // exp x - 1 - x; the first term left out, x^8/40320, is 1.9e-10 of it where |x| = 1/8.
    sumS += weightedX * x * (1 / 2 + x * (1 / 6 + x * (1 / 24 + x * (1 / 120 + x * (1 / 720 + x * (1 / 5040))))))
  }
  const t = sumX / sum
  const s = sumS / sum
  return Math.max(0, s + logMinusLinear(t + s))
}

/** log(1 + u) - u without cancellation near 0. */
function logMinusLinear(u: number): number {
  // The first term left out is u^6/6, 3e-13 of the result at the bound.
  if (Math.abs(u) < 1e-3) return u * u * (-1 / 2 + u * (1 / 3 + u * (-1 / 4 + u * (1 / 5))))
  return Math.log1p(u) - u
}

/** KL = E_p[(r - max r) - (d - max d)] + log sum exp(d - max d) - log sum exp(r - max r). */
function farDivergence(
  reference: Float32Array,
  device: Float32Array,
  start: number,
  end: number,
  referenceMax: number,
  deviceMax: number,
): number {
  let referenceSum = 0
  let deviceSum = 0
  let product = 0
  for (let i = start; i < end; i++) {
    const r = (reference[i] ?? Number.NaN) - referenceMax
    const d = (device[i] ?? Number.NaN) - deviceMax
    const weight = fastExp(r)
    referenceSum += weight
    deviceSum += fastExp(d)
    product += weight * (r - d)
  }
  return Math.max(0, product / referenceSum + Math.log(deviceSum) - Math.log(referenceSum))
}

/**
 * The same for a row with NaN or infinities. -Infinity is probability zero (a masked token): it adds nothing in the
 * reference, and makes the divergence Infinity where only the device has it. NaN where a side has NaN or Infinity, or
 * nothing but -Infinity: there is no distribution.
 */
export function divergenceWithInfinities(
  reference: Float32Array,
  device: Float32Array,
  start: number,
  end: number,
): number {
  const referenceNormalizer = logSumExp(reference, start, end)
  const deviceNormalizer = logSumExp(device, start, end)
  if (!Number.isFinite(referenceNormalizer) || !Number.isFinite(deviceNormalizer)) return Number.NaN
  let divergence = 0
  for (let i = start; i < end; i++) {
    const r = (reference[i] ?? Number.NaN) - referenceNormalizer
    const d = (device[i] ?? Number.NaN) - deviceNormalizer
    if (r !== -Infinity) divergence += Math.exp(r) * (r - d)
  }
  return Math.max(0, divergence)
}

function logSumExp(values: Float32Array, start: number, end: number): number {
  let max = -Infinity
  for (let i = start; i < end; i++) max = Math.max(max, values[i] ?? Number.NaN)
  let sum = 0
  for (let i = start; i < end; i++) sum += Math.exp((values[i] ?? Number.NaN) - max)
  return max + Math.log(sum)
}
