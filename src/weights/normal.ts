/**
 * The standard normal distribution as 65536 equally likely values: the quantiles at (k + 1/2) / 65536, so that a
 * normal number is one lookup with 16 random bits. They reach to +-4.33, with standard deviation 0.99999.
 *
 * Box and Muller's method takes logarithms and cosines from the platform, whose last bits differ between versions
 * and processors. Here everything is +, -, *, / and square roots, which IEEE 754 rounds in one way only, so that
 * a seed means the same weights everywhere.
 */
export const QUANTILES = 65536

/** Natural logarithm of an integer >= 1: ln x = e ln 2 + 2 (z + z^3/3 + z^5/5 ...), z = (m - 1) / (m + 1). */
function logOfInteger(x: number): number {
  let exponent = 31 - Math.clz32(x)
  let mantissa = x / 2 ** exponent // [1, 2)
  if (mantissa > Math.SQRT2) {
    mantissa /= 2
    exponent++
  }
  const z = (mantissa - 1) / (mantissa + 1) // at most 0.172, so the first term left out is below 2e-11
  const s = z * z
  return exponent * Math.LN2 + 2 * z * (1 + s * (1 / 3 + s * (1 / 5 + s * (1 / 7 + s * (1 / 9 + s * (1 / 11))))))
}

/**
 * The quantile at (k + 1/2) / 65536, by Wichura, "Algorithm AS 241: the percentage points of the normal distribution",
 * Applied Statistics 37 (1988), PPND7: accurate to about 1 part in 10^7. Its third branch starts beyond 4.33.
 */
function quantile(k: number): number {
  const q = (2 * k + 1 - QUANTILES) / (2 * QUANTILES)
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q
    return (
      (q * (((59.10937472 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179)) /
      (((67.1875636 * r + 78.757757664) * r + 17.895169469) * r + 1)
    )
  }
  if (q > 0) return -quantile(QUANTILES - 1 - k)
  const r = Math.sqrt(17 * Math.LN2 - logOfInteger(2 * k + 1)) - 1.6 // sqrt(-ln p) - 1.6
  return -(
    (((0.17023821103 * r + 1.3067284816) * r + 2.75681539) * r + 1.4234372777) /
    ((0.12021132975 * r + 0.7370016425) * r + 1)
  )
}

/** All 65536 quantiles, ascending. */
export function normalQuantiles(): Float64Array {
  return Float64Array.from({ length: QUANTILES }, (_, k) => quantile(k))
}
