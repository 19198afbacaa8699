import { sortSamples } from './percentile.ts'

export interface MannWhitney {
  /** Pairs (a, b) with a > b, ties half. 0 to |a| |b|. */
  u: number
  /** Two-sided: how likely U is this far from its middle if both sets come from one distribution. */
  p: number
  method: 'exact' | 'normal'
}

/** As SciPy: exact where a set has at most this many samples and there are no ties. */
const EXACT_UP_TO = 8

/**
 * The Mann-Whitney U test: do samples of one set tend to be larger than those of the other?
 *
 * Exact for a set of at most 8 samples without ties, otherwise the normal approximation with tie correction and
 * continuity correction, as `scipy.stats.mannwhitneyu(a, b)`. p is 1 where all samples are equal.
 * Throws RangeError if a set is empty or a sample not finite.
 * Source: H. B. Mann and D. R. Whitney, Annals of Mathematical Statistics 18(1), 1947.
 */
export function mannWhitneyU(a: ArrayLike<number>, b: ArrayLike<number>): MannWhitney {
  if (a.length === 0 || b.length === 0) throw new RangeError('no samples')
  const { u, tieTerm } = rank(sortSamples(a), sortSamples(b))
  const pairs = a.length * b.length
  const farther = Math.max(u, pairs - u)
  if (tieTerm === 0 && Math.min(a.length, b.length) <= EXACT_UP_TO) {
    return { u, p: Math.min(1, 2 * exactTail(a.length, b.length, farther)), method: 'exact' }
  }
  const count = a.length + b.length
  const variance = (pairs / 12) * (count + 1 - tieTerm / (count * (count - 1)))
  const z = (farther - pairs / 2 - 0.5) / Math.sqrt(variance)
  return { u, p: variance === 0 ? 1 : Math.min(1, 2 * normalTail(z)), method: 'normal' }
}

/** U of a over b, and the sum of t^3 - t over each group of t equal samples. */
function rank(a: Float64Array, b: Float64Array): { u: number; tieTerm: number } {
  let u = 0
  let tieTerm = 0
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    const value = Math.min(a[i] ?? Infinity, b[j] ?? Infinity)
    const [firstA, firstB] = [i, j]
    while (a[i] === value) i++
    while (b[j] === value) j++
    const [equalA, equalB] = [i - firstA, j - firstB]
    u += equalA * (firstB + equalB / 2)
    tieTerm += (equalA + equalB) ** 3 - (equalA + equalB)
  }
  return { u, tieTerm }
}

/**
 * P(U >= u) where all orders of m + n samples are equally likely. The number of orders with each U are the
 * coefficients of the Gaussian binomial [m + n, m], a product over i of (1 - q^(n + i)) / (1 - q^i).
 */
function exactTail(m: number, n: number, u: number): number {
  const [small, large] = [Math.min(m, n), Math.max(m, n)]
  const orders = new Float64Array(small * large + 1)
  orders[0] = 1
  for (let i = 1; i <= small; i++) {
    for (let k = orders.length - 1; k >= large + i; k--) orders[k] = (orders[k] ?? 0) - (orders[k - large - i] ?? 0)
    for (let k = i; k < orders.length; k++) orders[k] = (orders[k] ?? 0) + (orders[k - i] ?? 0)
  }
  const total = orders.reduce((sum, count) => sum + count, 0)
  return orders.subarray(Math.ceil(u)).reduce((sum, count) => sum + count, 0) / total
}

/** P(Z >= z) of the standard normal law: Abramowitz and Stegun 26.2.11 (series) to 3, 26.2.14 (fraction) above. */
export function normalTail(z: number): number {
  if (z < 0) return 1 - normalTail(-z)
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
  if (z > 3) {
    let fraction = z
    for (let k = 100; k >= 1; k--) fraction = z + k / fraction
    return density / fraction
  }
  let term = z
  let sum = z
  for (let k = 3; term > 1e-17 * sum; k += 2) {
    term *= (z * z) / k
    sum += term
  }
  return 0.5 - density * sum
}
