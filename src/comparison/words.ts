/** Numbers of a comparison in words. */
import { formatNumber, plural } from '../reporters/format.ts'
import { type Direction, directionOf, loss } from './directions.ts'
import type { MetricComparison } from './document.ts'

/** `7.1 %`, with two digits at least. */
export function sayShare(share: number): string {
  const percent = Math.abs(share) * 100
  return `${percent >= 9.95 ? formatNumber(percent, 3) : percent.toFixed(1)} %`
}

/** Two shares of one sign or of both: `6.2 to 8.0 %`. */
function sayInterval(low: number, high: number): string {
  const digits = (share: number) => (share * 100).toFixed(1)
  return `${digits(low)} to ${digits(high)} %`
}

/** How b is against a. */
export const WORDS = {
  time: { worse: 'slower', better: 'faster' },
  rate: { worse: 'slower', better: 'faster' },
  amount: { worse: 'larger', better: 'smaller' },
} as const satisfies Record<Direction['kind'], unknown>

export function sayP(p: number): string {
  return p < 0.001 ? 'p < 0.001' : `p = ${p.toFixed(p < 0.0995 ? 3 : 2)}`
}

/** `decode is 7.1 % slower (95 % interval 6.2 to 8.0 %, p < 0.001, 20 and 20 samples)`. */
export function sayMetric(comparison: MetricComparison): string {
  const direction = directionOf(comparison.metric)
  if (direction === null) throw new Error(`nobody knows which way ${comparison.metric} is better`)
  const { ratio, interval, p, samples, change, detectable } = comparison
  const { subject, kind } = direction
  const words = WORDS[kind]
  if (change === 'medians-alone' || interval === null || p === null || samples === null) {
    if (ratio === null) return `${subject}: the medians are ${comparison.a} and ${comparison.b}`
    const lost = loss(direction, ratio)
    const by = lost === 0 ? 'the same' : `${sayShare(lost)} ${lost > 0 ? words.worse : words.better}`
    return `${subject} is ${by} by its medians alone: without samples nobody can tell that from noise`
  }
  const counts = `${samples.a} and ${plural(samples.b, 'sample')}`
  if (change === 'not-shown') {
    if (detectable === null) return `${subject}: no difference can be shown: ${counts} are too few to show any`
    return `${subject}: no difference can be shown: the samples could show one of ${sayShare(detectable)} (${sayP(p)}, ${counts})`
  }
  const shares = interval.map(bound => Math.abs(loss(direction, bound))).sort((one, two) => one - two)
  const [low = 0, high = 0] = shares
  return (
    `${subject} is ${sayShare(loss(direction, ratio ?? Number.NaN))} ${words[change]} ` +
    `(95 % interval ${sayInterval(low, high)}, ${sayP(p)}, ${counts})`
  )
}
