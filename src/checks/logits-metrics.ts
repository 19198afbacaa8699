import type { LogitsComparison } from '../metrics/index.ts'

/** What one case of logits measured. */
export interface LogitsMeasurement {
  readonly comparison: LogitsComparison
  /** relL2 of the worst position alone. */
  readonly positionRelL2: number
  /** Positions whose top-1 differs beyond the noise. */
  readonly flips: number
  readonly nearTies: number
  /** Elements of the device that are not finite where the reference is another number. */
  readonly nonFinite: number
}

/**
 * The numbers of one case, or of several. What is judged case by case (relL2, cosine, snrDb, topk) is the worst case's;
 * the other means are over all positions or elements.
 */
export function logitsMetrics(measurements: readonly LogitsMeasurement[]): Record<string, number> {
  if (measurements.length === 0) return {}
  const comparisons = measurements.map(measurement => measurement.comparison)
  const elements = comparisons.map(comparison => comparison.elements)
  const positions = sum(comparisons.map(c => c.positions))
  const meanOverPositions = (of: (comparison: LogitsComparison) => number) =>
    sum(comparisons.map(c => of(c) * c.positions)) / positions
  return {
    maxAbs: most(elements.map(e => e.maxAbs)),
    meanAbs: sum(elements.map(e => e.meanAbs * e.compared)) / sum(elements.map(e => e.compared)),
    relL2: most(elements.map(e => e.relL2)),
    positionRelL2: most(measurements.map(m => m.positionRelL2)),
    cosine: least(elements.map(e => e.cosine)),
    snrDb: least(elements.map(e => e.snrDb)),
    klNatsMean: meanOverPositions(c => c.klNats.mean),
    klNatsMax: most(comparisons.map(c => c.klNats.max)),
    top1: meanOverPositions(c => c.top1),
    flips: sum(measurements.map(m => m.flips)),
    nearTies: sum(measurements.map(m => m.nearTies)),
    topk: least(comparisons.map(c => c.topk.mean)),
    topkMin: least(comparisons.map(c => c.topk.min)),
    nonFinite: sum(measurements.map(m => m.nonFinite)),
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0)
}

function most(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
}

function least(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
}
