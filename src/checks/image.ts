/** The verdict over one image's classes: the same most probable class on both sides, but for near ties. */
import type { Threshold, WorstElement } from '../events/result.ts'
import { compareLogits, topTwo } from '../metrics/index.ts'
import { elementCount, type TensorData, toFloat32 } from '../tensor.ts'
import type { Ranks } from './accuracy.ts'
import type { CheckContext } from './check.ts'
import { type CaseJudgement, jsonNumber, jsonNumbers, unmeasured } from './conclusion.ts'
import { type Finding, failed, inconclusive, settle } from './finding.ts'
import { isNearTie } from './logits.ts'
import type { JudgedFlip } from './logits-findings.ts'
import { noiseMargin, rowErrors } from './noise.ts'
import { countNonFinite, nonFiniteFindings } from './non-finite.ts'
import { type CasePair, comparableCase, comparableTensors, isWhole } from './pairing.ts'
import { isFloat, valueAt } from './value-at.ts'
import { caseLabel, placeOf, say, sayList } from './wording.ts'

/** What one image adds to the whole. */
export interface AnsweredImage {
  readonly classes: number
  /** Null where the device chooses the reference's class. */
  readonly flip: 'near-tie' | 'fault' | null
  readonly nonFinite: number
  /** Null where the true class is not known. */
  readonly ranks: Ranks | null
}

export interface ImageJudgement {
  readonly judgement: CaseJudgement
  /** Null where nothing could be compared. */
  readonly answered: AnsweredImage | null
}

/** A case `images.*`: output `logits` [1, classes], input `labels` [1] where the truth is known. */
export function judgeImage(pair: CasePair, relL2: Threshold, { labels: names }: CheckContext): ImageJudgement {
  const { id } = pair
  const broken = (findings: readonly Finding[]) => ({ judgement: unmeasured(id, findings), answered: null })
  const sides = comparableCase(pair)
  if (sides.reference === null) return broken(sides.findings)
  const tensors = comparableTensors(id, 'logits', sides.reference.outputs['logits'], sides.device.outputs['logits'])
  if ('status' in tensors) return broken([...sides.findings, tensors])
  const { type, shape } = tensors.reference
  const what = `logits of ${caseLabel(id)}`
  const [rows, classes = 0] = shape
  if (!isFloat(type) || shape.length !== 2 || rows !== 1 || classes === 0)
    return broken([
      ...sides.findings,
      inconclusive(`${what} are ${type} ${sayList(shape)}, not floating-point [1, classes]`),
    ])

  const [reference, device] = [toFloat32(tensors.reference), toFloat32(tensors.device)]
  const comparison = compareLogits(reference, device, { positions: 1, vocabulary: classes })
  const noise = noiseMargin(relL2.limit, rowErrors(reference, device, classes).scale[0] ?? 0)
  // A reference that is NaN throughout has no choice; that is said as such.
  const flip = comparison.flips.map(found => ({ ...found, noise })).find(({ referenceToken }) => referenceToken >= 0)
  const truth = trueClass(id, sides.device.inputs['labels'] ?? sides.reference.inputs['labels'], classes)
  const isFault = flip !== undefined && !isNearTie(flip)
  const nameOf = (index: number) => nameOfClass(index, names)
  const findings = [
    ...sides.findings,
    ...nonFiniteFindings(what, 'the reference', reference, device, shape, comparison.elements),
    ...(isFault ? [flipFinding(id, flip, nameOf)] : []),
    ...(typeof truth === 'object' && truth !== null ? [truth] : []),
  ]
  const { logit, runnerUpLogit } = topTwo(reference)
  const nonFinite = countNonFinite(reference, device, comparison.elements)
  const at = nonFinite > 0 ? comparison.elements.nonFiniteMismatch : (flip?.deviceToken ?? -1)
  const judgement: CaseJudgement = {
    result: {
      id,
      ...settle(findings),
      metrics: jsonNumbers({ margin: logit - runnerUpLogit, cost: flip?.deviceMargin ?? 0, noise }),
      details:
        flip === undefined
          ? {}
          : {
              reference: nameOf(flip.referenceToken),
              device: nameOf(flip.deviceToken),
              ...(typeof truth === 'number' && { truth: nameOf(truth) }),
              ...(!isFault && { nearTie: sayFlip(flip) }),
            },
    },
    samples: 1,
    worst: at < 0 ? null : worstElement(id, at, shape, reference, device),
    severity: nonFinite > 0 ? Number.POSITIVE_INFINITY : (flip?.deviceMargin ?? 0),
    histogram: comparison.elements.histogram,
  }
  const ranks =
    typeof truth === 'number' ? { reference: rankOf(reference, truth), device: rankOf(device, truth) } : null
  const kind = flip === undefined ? null : isFault ? 'fault' : 'near-tie'
  return { judgement, answered: { classes, flip: kind, nonFinite, ranks } }
}

function flipFinding(id: string, flip: JudgedFlip, nameOf: (index: number) => string): Finding {
  return failed(
    `${caseLabel(id)} is taken for ${nameOf(flip.deviceToken)} where the reference takes it for ` +
      `${nameOf(flip.referenceToken)} by ${say(flip.deviceMargin)} (noise ${say(flip.noise)})`,
  )
}

function sayFlip({ margin, deviceMargin, noise }: JudgedFlip): string {
  return `margin ${say(margin)}, cost ${say(deviceMargin)}, noise ${say(noise)}`
}

/** `tiger cat (282)`, or `class 282` where classes have no names. */
function nameOfClass(index: number, names: readonly string[] | undefined): string {
  if (index < 0) return 'no class'
  const name = names?.[index]
  return name === undefined ? `class ${index}` : `${name} (${index})`
}

/** The true class; null where it is not known, and what is wrong where it is no class. */
function trueClass(id: string, labels: TensorData | undefined, classes: number): number | null | Finding {
  if (labels === undefined) return null
  const isOne = !isFloat(labels.type) && elementCount(labels.shape) === 1 && isWhole(labels)
  const label = isOne ? valueAt(labels, 0) : Number.NaN
  if (label >= 0 && label < classes) return label
  return inconclusive(
    isOne
      ? `the true class of ${caseLabel(id)} is ${label}, and there are ${classes} classes`
      : `labels of ${caseLabel(id)} are ${labels.type} ${sayList(labels.shape)}, not one class`,
  )
}

/** How many classes come before one; of equal logits the lower class comes first, as in every argmax here. */
function rankOf(logits: Float32Array, truth: number): number {
  const own = logits[truth] ?? Number.NaN
  if (Number.isNaN(own)) return Number.POSITIVE_INFINITY
  return logits.reduce((rank, logit, i) => rank + Number(logit > own || (logit === own && i < truth)), 0)
}

function worstElement(
  id: string,
  at: number,
  shape: readonly number[],
  reference: Float32Array,
  device: Float32Array,
): WorstElement {
  const [r, d] = [reference[at] ?? Number.NaN, device[at] ?? Number.NaN]
  return { case: id, output: 'logits', index: placeOf(at, shape), reference: jsonNumber(r), device: jsonNumber(d) }
}
