/** The judged metrics of a check: measured value against threshold. */
import type { CheckResult, Threshold } from '../events/result.ts'
import { meets } from './format.ts'

export interface Bounded {
  readonly metric: string
  readonly value: number | null | undefined
  readonly threshold: Threshold
  /** Null where nothing was measured. */
  readonly isMet: boolean | null
}

/** In the order of the check's thresholds. */
export function boundedMetrics(check: Pick<CheckResult, 'metrics' | 'thresholds'>): Bounded[] {
  return Object.entries(check.thresholds).map(([metric, threshold]) => {
    const value = check.metrics[metric]
    return { metric, value, threshold, isMet: meets(value, threshold) }
  })
}
