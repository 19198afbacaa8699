import type { LogitsComparison } from '../metrics/index.ts'

/** How two sides of logits compare, whole or in part. */
export interface Compared extends Pick<LogitsComparison, 'positions' | 'elements' | 'top1' | 'topk'> {
  /** Null where too little is known of a position to say how its distributions differ. */
  readonly klNats: Pick<LogitsComparison['klNats'], 'mean' | 'max'> | null
}

/** What one case of logits measured. */
export interface LogitsMeasurement {
  readonly comparison: Compared
  /** relL2 of the worst position alone. */
  readonly positionRelL2: number
  /** Positions whose top-1 differs beyond the noise. */
  readonly flips: number
  readonly nearTies: number
  /** Elements of the device that are not finite where the reference is another number. */
  readonly nonFinite: number
  /** How many of the device's logits the reference had something to say of. */
  readonly judged: { readonly elements: number; readonly of: number }
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
  const meanOverPositions = (of: (comparison: Compared) => number) =>
    sum(comparisons.map(c => of(c) * c.positions)) / positions
  const distributions = comparisons.flatMap(({ klNats, positions }) =>
    klNats === null ? [] : { ...klNats, positions },
  )
  const judgedShare = sum(measurements.map(m => m.judged.elements)) / sum(measurements.map(m => m.judged.of))
  return {
    maxAbs: most(elements.map(e => e.maxAbs)),
    meanAbs: sum(elements.map(e => e.meanAbs * e.compared)) / sum(elements.map(e => e.compared)),
    relL2: most(elements.map(e => e.relL2)),
    positionRelL2: most(measurements.map(m => m.positionRelL2)),
    cosine: least(elements.map(e => e.cosine)),
    snrDb: least(elements.map(e => e.snrDb)),
    ...(distributions.length > 0 && {
      klNatsMean: sum(distributions.map(d => d.mean * d.positions)) / sum(distributions.map(d => d.positions)),
      klNatsMax: most(distributions.map(d => d.max)),
    }),
    top1: meanOverPositions(c => c.top1),
    flips: sum(measurements.map(m => m.flips)),
    nearTies: sum(measurements.map(m => m.nearTies)),
    topk: least(comparisons.map(c => c.topk.mean)),
    topkMin: least(comparisons.map(c => c.topk.min)),
    nonFinite: sum(measurements.map(m => m.nonFinite)),
    // A golden may keep a part of the logits: then the rest was not judged, and that is said.
    ...(judgedShare < 1 && { judgedShare }),
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
