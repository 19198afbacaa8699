/**
 * A fast exponential for sums over a vocabulary, where Math.exp takes most of the time.
 *
 * exp(x) = 2^m 2^(j/1024) exp(r), with k = round(x 1024 / ln 2), m = k >> 10, j = k & 1023, |r| <= ln 2 / 2048
 * (P. T. P. Tang, "Table-driven implementation of the exponential function in IEEE floating-point arithmetic",
 * ACM TOMS 15(2), 1989). exp(r) is taken as 1 + r + r^2/2, which leaves out r^3/6 < 6.5e-12.
 */
const STEPS = 1024
const STEPS_LOG2 = 10
const STEPS_PER_UNIT = STEPS / Math.LN2
const UNITS_PER_STEP = Math.LN2 / STEPS

/** Added and subtracted, it rounds a double below 2^51 to the nearest integer, ties to even. */
const ROUNDER = 1.5 * 2 ** 52

/** Results here are still normal doubles, 3.3e-308 and 1.8e308. Not exported: V8 does not fold an exported constant. */
const LOWEST = -708
const HIGHEST = 709.78

const FRACTIONS = Float64Array.from({ length: STEPS }, (_, j) => 2 ** (j / STEPS))
const LOWEST_POWER = -1022
const POWERS = Float64Array.from({ length: 2046 }, (_, i) => 2 ** (i + LOWEST_POWER))

/** The largest relative error of `fastExp`: 6.5e-12 from the polynomial, the rest from rounding in the reduction. */
export const FAST_EXP_RELATIVE_ERROR = 1e-11

/**
 * exp(x) to a relative error of FAST_EXP_RELATIVE_ERROR, in about a quarter of the time of Math.exp.
 *
 * Saturates instead of under- or overflowing: below -708 it stays at exp(-708) = 3.3e-308 (an absolute error below
 * that), above 709.78 at exp(709.78). A branch that returns 0, or a call of Math.exp, made a loop around it two to
 * four times slower in V8, where this clamp costs nothing. NaN gives NaN.
 */
export function fastExp(x: number): number {
  const inRange = Math.max(LOWEST, Math.min(x, HIGHEST))
  const steps = inRange * STEPS_PER_UNIT + ROUNDER - ROUNDER
  const k = steps | 0
  const r = inRange - steps * UNITS_PER_STEP
  const fraction = FRACTIONS[k & (STEPS - 1)] ?? Number.NaN
  const power = POWERS[(k >> STEPS_LOG2) - LOWEST_POWER] ?? Number.NaN
  return fraction * power * (1 + r + 0.5 * r * r)
}
