/**
 * McNemar's exact test: two ways of answering the same questions, of which the first alone was right `lost` times and the second alone
 * `gained` times. How likely the two counts are this far apart, either way, if neither way is better: the two-sided binomial test of
 * `lost` of `lost + gained` at 1/2. 1 where both always agree.
 * Source: Q. McNemar, Psychometrika 12(2), 1947; A. Agresti, Categorical Data Analysis, 3rd ed., section 11.1.
 */
export function mcnemarExact(lost: number, gained: number): number {
  const trials = lost + gained
  // In logarithms, since 2^-1100 is no double any more; from the largest term down.
  let logTerm = -trials * Math.LN2
  const logTerms = [logTerm]
  for (let k = 1; k <= Math.min(lost, gained); k++) {
    logTerm += Math.log((trials - k + 1) / k)
    logTerms.push(logTerm)
  }
  const tail = logTerms.reduceRight((sum, log) => sum + Math.exp(log), 0)
  return Math.min(1, 2 * tail)
}
