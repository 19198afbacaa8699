/** What is wrong with logits, in sentences; the first is the reason, so the plainest comes first. */
import type { SideBySide, Threshold } from '../events/result.ts'
import type { Flip } from '../metrics/index.ts'
import type { TensorData } from '../tensor.ts'
import { positionLimit, TOP_K } from './defaults.ts'
import { type Finding, failed } from './finding.ts'
import type { Compared } from './logits-metrics.ts'
import type { RowErrors } from './noise.ts'
import { nonFiniteFindings } from './non-finite.ts'
import type { Texts } from './side-by-side.ts'
import { caseLabel, placeOf, say, sayList, sayMeasured } from './wording.ts'

/** What it takes to show logits as tokens. */
export interface ShownLogits {
  /** [1, tokens]; undefined where they are not known. */
  readonly inputIds: TensorData | undefined
  readonly sides?: SideBySide['sides']
  readonly texts: Texts
}

/** What is compared, for its reasons. */
export interface LogitsSubject {
  readonly id: string
  /** The device's output. */
  readonly output: string
  /** What stands for right: `the reference`. */
  readonly against: string
  /** What to show of it token by token; absent where it is not to be shown. */
  readonly shown?: ShownLogits
  /** How many logits the device gave, where the reference keeps a part of them. */
  readonly of?: number
}

/** A flip with the noise at its position. */
export interface JudgedFlip extends Flip {
  readonly noise: number
}

/** Two tensors of logits, compared. */
export interface ComparedLogits {
  readonly shape: readonly number[]
  readonly reference: Float32Array
  readonly device: Float32Array
  readonly comparison: Compared
  readonly rows: RowErrors
  /** Beyond the noise only. */
  readonly flips: readonly JudgedFlip[]
}

export function logitsFindings(subject: LogitsSubject, compared: ComparedLogits, relL2: Threshold): Finding[] {
  const what = `${subject.output} of ${caseLabel(subject.id)}`
  const { reference, device, shape, comparison } = compared
  return [
    ...nonFiniteFindings(what, subject.against, reference, device, shape, comparison.elements),
    ...relativeErrorFindings(what, compared, relL2),
    ...flipFindings(what, subject.against, compared),
    ...topKFindings(what, compared),
    ...positionFindings(what, compared, relL2),
  ]
}

export function sayFlip(flip: JudgedFlip): string {
  return (
    `position ${flip.position}: ${flip.deviceToken} for ${flip.referenceToken}, ` +
    `margin ${say(flip.margin)}, cost ${say(flip.deviceMargin)}, noise ${say(flip.noise)}`
  )
}

function relativeErrorFindings(what: string, compared: ComparedLogits, { limit }: Threshold): Finding[] {
  const { compared: count, relL2, worstIndex } = compared.comparison.elements
  if (count === 0 || relL2 <= limit) return []
  const [r, d] = [compared.reference[worstIndex] ?? Number.NaN, compared.device[worstIndex] ?? Number.NaN]
  const place = sayList(placeOf(worstIndex, compared.shape))
  return [
    failed(
      `${what} differ by relL2 ${sayMeasured(relL2)} (limit ${say(limit)}), worst at ${place}: ${say(d)} against ${say(r)}`,
    ),
  ]
}

function flipFindings(what: string, against: string, { flips, shape }: ComparedLogits): Finding[] {
  const [first] = flips
  if (first === undefined) return []
  const more = flips.length > 1 ? ` (and ${flips.length - 1} more flips)` : ''
  const place = hasPositions(shape) ? ` at ${sayPosition(first.position, shape)}` : ''
  return [
    failed(
      `${what} choose ${choiceOf(shape)} ${first.deviceToken}${place} where ${against} chooses ` +
        `${first.referenceToken} by ${say(first.deviceMargin)} (noise ${say(first.noise)})${more}`,
    ),
  ]
}

function topKFindings(what: string, { comparison: { topk, elements }, shape }: ComparedLogits): Finding[] {
  // A reference that is NaN has no top tokens to share.
  if (elements.referenceNaN > 0) return []
  // A vocabulary of fewer than ten tokens cannot share ten: the limit keeps its share.
  const limit = (TOP_K.threshold.limit * topk.k) / TOP_K.k
  if (topk.mean >= limit) return []
  const [choices, average] = hasPositions(shape) ? ['tokens', ' on average'] : ['classes', '']
  return [failed(`${what} share ${say(topk.mean)} of the top ${topk.k} ${choices}${average} (limit ${say(limit)})`)]
}

function positionFindings(what: string, { rows, shape }: ComparedLogits, relL2: Threshold): Finding[] {
  const { limit } = positionLimit(relL2)
  const at = rows.relL2.reduce((worst, value, i) => (value > (rows.relL2[worst] ?? 0) ? i : worst), 0)
  const value = rows.relL2[at] ?? 0
  // What has one position alone has been found as a whole, by a lower limit.
  if (value <= limit || !hasPositions(shape)) return []
  return [
    failed(`${what} differ at ${sayPosition(at, shape)} alone by relL2 ${sayMeasured(value)} (limit ${say(limit)})`),
  ]
}

/** Of [1, tokens, vocabulary]; an image has one row of classes, [1, classes]. */
function hasPositions(shape: readonly number[]): boolean {
  return shape.length > 2
}

const choiceOf = (shape: readonly number[]): string => (hasPositions(shape) ? 'token' : 'class')

/** A position of [1, tokens, vocabulary] is `position [0, 3]`. */
function sayPosition(position: number, shape: readonly number[]): string {
  return `position ${sayList(placeOf(position, shape.slice(0, -1)))}`
}
