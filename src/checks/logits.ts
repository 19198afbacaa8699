/** The verdict over two tensors of logits, for every check that has two: reference and device, or two ways on one device. */
import type { Threshold, WorstElement } from '../events/result.ts'
import { compareLogits, type LogitsComparison } from '../metrics/index.ts'
import { toFloat32 } from '../tensor.ts'
import { type CaseJudgement, jsonNumber, jsonNumbers, unmeasured } from './conclusion.ts'
import { FLIPS, NON_FINITE, positionLimit, TOP_K } from './defaults.ts'
import { type Finding, inconclusive, settle } from './finding.ts'
import { type JudgedFlip, type LogitsSubject, logitsFindings, sayFlip } from './logits-findings.ts'
import { type LogitsMeasurement, logitsMetrics } from './logits-metrics.ts'
import { noiseMargin, rowErrors } from './noise.ts'
import { countNonFinite } from './non-finite.ts'
import type { TensorPair } from './pairing.ts'
import { showLogits } from './show-logits.ts'
import { isFloat } from './value-at.ts'
import { caseLabel, placeOf, sayFew } from './wording.ts'

/** A case of logits as it was judged, with what the check sums over its cases; null where nothing was compared. */
export interface LogitsJudgement extends CaseJudgement {
  readonly measured: LogitsMeasurement | null
}

/** The thresholds of `judgeLogits`, by metric. */
export function logitsThresholds(relL2: Threshold): Record<string, Threshold> {
  return { relL2, positionRelL2: positionLimit(relL2), flips: FLIPS, topk: TOP_K.threshold, nonFinite: NON_FINITE }
}

/**
 * Judges one case. `tensors`: [..., vocabulary], every dimension before the last a position.
 * `before`: what was found already; it comes first in the reason.
 */
export function judgeLogits(
  subject: LogitsSubject,
  tensors: TensorPair,
  relL2: Threshold,
  before: readonly Finding[] = [],
): LogitsJudgement {
  const { id, output } = subject
  const { shape, type } = tensors.reference
  const nothing = (why: string) =>
    unmeasuredLogits(id, [...before, inconclusive(`${output} of ${caseLabel(id)} ${why}`)])
  if (!isFloat(type)) return nothing(`are ${type}, not a floating-point type`)
  const [reference, device] = [toFloat32(tensors.reference), toFloat32(tensors.device)]
  if (reference.length === 0) return nothing('are empty')

  const vocabulary = shape.at(-1) ?? 1
  const positions = reference.length / vocabulary
  const comparison = compareLogits(reference, device, { positions, vocabulary, topK: Math.min(TOP_K.k, vocabulary) })
  const rows = rowErrors(reference, device, vocabulary)
  const flips = comparison.flips
    // The reference has no choice where all its logits are NaN; that is said as such.
    .filter(flip => flip.referenceToken >= 0)
    .map(flip => ({ ...flip, noise: noiseMargin(relL2.limit, rows.scale[flip.position] ?? 0) }))
  const [nearTies, faults] = [flips.filter(isNearTie), flips.filter(flip => !isNearTie(flip))]
  const measured: LogitsMeasurement = {
    comparison,
    positionRelL2: rows.relL2.reduce((a, b) => Math.max(a, b), 0),
    flips: faults.length,
    nearTies: nearTies.length,
    nonFinite: countNonFinite(reference, device, comparison.elements),
    judged: { elements: reference.length, of: subject.of ?? reference.length },
  }
  const compared = { shape, reference, device, comparison, rows, flips: faults }
  const findings = logitsFindings(subject, compared, relL2)
  const { shown } = subject
  const differs = findings.length > 0 || nearTies.length > 0
  return {
    ...(shown !== undefined && differs && { show: () => showLogits(shown, compared, nearTies) }),
    result: {
      id,
      ...settle([...before, ...findings]),
      metrics: jsonNumbers(logitsMetrics([measured])),
      details: {
        ...(faults.length > 0 && { flips: sayFew(faults.map(sayFlip)) }),
        ...(nearTies.length > 0 && { nearTies: sayFew(nearTies.map(sayFlip)) }),
      },
    },
    samples: positions,
    worst: worstElement(subject, shape, reference, device, comparison),
    severity: measured.nonFinite > 0 ? Number.POSITIVE_INFINITY : comparison.elements.relL2,
    histogram: comparison.elements.histogram,
    measured,
  }
}

/** What the device's choice costs, not only how close the runner-up is: a tie of two tokens excuses no third one. */
export function isNearTie(flip: JudgedFlip): boolean {
  return flip.deviceMargin <= flip.noise
}

/** A case that could not be compared. */
export function unmeasuredLogits(id: string, findings: readonly Finding[]): LogitsJudgement {
  return { ...unmeasured(id, findings), measured: null }
}

/** A case that the device cannot do, which says nothing of the others. */
export function refusedLogits(id: string, reason: string): LogitsJudgement {
  const nothing = unmeasuredLogits(id, [])
  return { ...nothing, result: { ...nothing.result, status: 'skip', reason } }
}

/** A value that should be a number and is not comes before the largest error. */
export function worstElement(
  { id, output }: LogitsSubject,
  shape: readonly number[],
  reference: Float32Array,
  device: Float32Array,
  { elements }: Pick<LogitsComparison, 'elements'>,
): WorstElement | null {
  const at = elements.nonFiniteMismatch >= 0 ? elements.nonFiniteMismatch : elements.worstIndex
  if (at < 0) return null
  const [r, d] = [reference[at] ?? Number.NaN, device[at] ?? Number.NaN]
  return { case: id, output, index: placeOf(at, shape), reference: jsonNumber(r), device: jsonNumber(d) }
}
