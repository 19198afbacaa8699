/** The verdict over one output of any model: floating-point within tolerances, everything else exactly. */
import type { ErrorHistogram, Threshold, WorstElement } from '../events/result.ts'
import { compareElements, type ElementComparison } from '../metrics/index.ts'
import { elementCount, toFloat32 } from '../tensor.ts'
import { jsonNumber } from './conclusion.ts'
import { elementLimit } from './defaults.ts'
import { type Finding, failed } from './finding.ts'
import { countNonFinite, nonFiniteFindings } from './non-finite.ts'
import type { TensorPair } from './pairing.ts'
import { differingElements, isFloat, valueAt } from './value-at.ts'
import { caseLabel, placeOf, say, sayList, sayMeasured } from './wording.ts'

export interface OutputJudgement {
  readonly findings: readonly Finding[]
  readonly elements: number
  /** Of a floating-point output; null for another, and for an empty one. */
  readonly comparison: ElementComparison | null
  /** Largest abs(d - r) / max(abs(r), RMS of r). */
  readonly elementError: number
  readonly nonFinite: number
  readonly differingIntegers: number
  readonly worst: WorstElement | null
  /** How bad it is, to be set beside other outputs. */
  readonly severity: number
  readonly histogram: ErrorHistogram | null
}

const UNTROUBLED: OutputJudgement = {
  findings: [],
  elements: 0,
  comparison: null,
  elementError: 0,
  nonFinite: 0,
  differingIntegers: 0,
  worst: null,
  severity: 0,
  histogram: null,
}

interface Rules {
  readonly relL2: Threshold
  /** The reference is stated: NaN on both sides is agreement, as in NumPy's `equal_nan`. */
  readonly isStated: boolean
}

/** Judges one output. An empty one agrees with an empty one: a detector may find nothing. */
export function judgeOutput(id: string, output: string, tensors: TensorPair, rules: Rules): OutputJudgement {
  if (elementCount(tensors.reference.shape) === 0) return UNTROUBLED
  return isFloat(tensors.reference.type) ? judgeFloats(id, output, tensors, rules) : judgeExactly(id, output, tensors)
}

function judgeExactly(id: string, output: string, tensors: TensorPair): OutputJudgement {
  const { count, first } = differingElements(tensors.reference, tensors.device)
  const elements = elementCount(tensors.reference.shape)
  if (count === 0) return { ...UNTROUBLED, elements }
  const worst = elementAt(id, output, tensors, first)
  const reason =
    `${output} of ${caseLabel(id)} differs in ${count} of ${elements} elements, ` +
    `first at ${sayList(worst.index)}: ${sayValue(worst.device)} against ${sayValue(worst.reference)}`
  return {
    ...UNTROUBLED,
    findings: [failed(reason)],
    elements,
    differingIntegers: count,
    worst,
    severity: Number.POSITIVE_INFINITY,
  }
}

function judgeFloats(id: string, output: string, tensors: TensorPair, rules: Rules): OutputJudgement {
  const { relL2, isStated } = rules
  const { shape } = tensors.reference
  const subject = `${output} of ${caseLabel(id)}`
  const [reference, device] = [toFloat32(tensors.reference), toFloat32(tensors.device)]
  const comparison = compareElements(reference, device)
  const furthest = furthestElement(reference, device)
  const tolerance = elementLimit(relL2).limit
  const findings = isStated
    ? unlikeKinds(subject, tensors, comparison.nonFiniteMismatch)
    : nonFiniteFindings(subject, 'the reference', reference, device, shape, comparison)
  const furthestAt = elementAt(id, output, tensors, Math.max(0, furthest.index))
  const place = `${sayList(furthestAt.index)}: ${sayValue(furthestAt.device)} against ${sayValue(furthestAt.reference)}`
  if (comparison.compared > 0 && !(comparison.relL2 <= relL2.limit))
    findings.push(
      failed(
        `${subject} differs by relL2 ${sayMeasured(comparison.relL2)} (limit ${say(relL2.limit)}), worst at ${place}`,
      ),
    )
  if (furthest.error > tolerance)
    findings.push(
      failed(
        `${subject} differs at one element by ${sayMeasured(furthest.error)} of its size (limit ${say(tolerance)}), at ${place}`,
      ),
    )
  const fault = comparison.nonFiniteMismatch
  return {
    findings,
    elements: reference.length,
    comparison,
    elementError: furthest.error,
    nonFinite: countNonFinite(reference, device, comparison),
    differingIntegers: 0,
    worst: fault >= 0 ? elementAt(id, output, tensors, fault) : furthestAt,
    severity: fault >= 0 ? Number.POSITIVE_INFINITY : comparison.relL2,
    histogram: comparison.histogram,
  }
}

/** The first element that is a number on one side alone, or that is NaN, Infinity and -Infinity in another way. */
function unlikeKinds(subject: string, { reference, device }: TensorPair, at: number): Finding[] {
  if (at < 0) return []
  const place = sayList(placeOf(at, reference.shape))
  const [wanted, given] = [valueAt(reference, at), valueAt(device, at)]
  return [failed(`${subject} is ${say(given)} at ${place} where the reference is ${say(wanted)}`)]
}

/**
 * The element that is furthest off for its size: |d - r| / max(|r|, RMS of r). That is within a tolerance t where the
 * relative error or the absolute one, in units of the RMS, is. Over the elements finite on both sides.
 */
function furthestElement(reference: Float32Array, device: Float32Array): { index: number; error: number } {
  const finite = reference.filter(Number.isFinite)
  const rms = Math.sqrt(finite.reduce((sum, r) => sum + r * r, 0) / Math.max(1, finite.length))
  let index = -1
  let error = 0
  for (let i = 0; i < reference.length; i++) {
    const r = reference[i] ?? Number.NaN
    const difference = Math.abs((device[i] ?? Number.NaN) - r)
    if (!Number.isFinite(difference) || difference === 0) continue
    const relative = difference / Math.max(Math.abs(r), rms)
    if (relative > error) {
      error = relative
      index = i
    }
  }
  return { index, error }
}

/** The numbers of one output or of several: the worst output's, and counts over all. */
export function outputMetrics(outputs: readonly OutputJudgement[]): Record<string, number> {
  const all = outputs.flatMap(output => output.comparison ?? [])
  const measured = all.filter(({ compared }) => compared > 0)
  const comparisons = measured.length > 0 ? measured : all
  const sum = (of: (output: OutputJudgement) => number) => outputs.reduce((total, output) => total + of(output), 0)
  const most = (values: number[]) => values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
  const least = (values: number[]) => values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
  const floats =
    comparisons.length === 0
      ? {}
      : {
          maxAbs: most(comparisons.map(c => c.maxAbs)),
          meanAbs:
            comparisons.reduce((total, c) => total + c.meanAbs * c.compared, 0) /
            comparisons.reduce((total, c) => total + c.compared, 0),
          relL2: most(comparisons.map(c => c.relL2)),
          cosine: least(comparisons.map(c => c.cosine)),
          snrDb: least(comparisons.map(c => c.snrDb)),
          elementError: most(outputs.map(output => output.elementError)),
        }
  return {
    ...floats,
    elements: sum(output => output.elements),
    differingIntegers: sum(output => output.differingIntegers),
    nonFinite: sum(output => output.nonFinite),
  }
}

function elementAt(id: string, output: string, tensors: TensorPair, at: number): WorstElement {
  return {
    case: id,
    output,
    index: placeOf(at, tensors.reference.shape),
    reference: jsonNumber(valueAt(tensors.reference, at)),
    device: jsonNumber(valueAt(tensors.device, at)),
  }
}

const sayValue = (value: number | null): string => (value === null ? 'no number' : say(value))
