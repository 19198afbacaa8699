/**
 * The k largest logits of each position, as a golden keeps them to stay small, against all logits of a device:
 * `top_ids` i64 and `top_logits` [1, positions, k], the largest first; `logit_scale` [1, positions] where it is known.
 *
 * What is there is compared as whole logits are: relative error over the kept logits, each position alone, the first choice with
 * the golden's own margin against the noise, and how many of the k tokens the device has among its k largest. What is not there
 * cannot be compared; a device's NaN is found wherever it stands.
 */
import type { Threshold } from '../events/result.ts'
import { compareElements, type Flip, TopK } from '../metrics/index.ts'
import { elementCount, type NamedTensors, type TensorData, toFloat32, toNumbers } from '../tensor.ts'
import type { CaseOutputs } from './check.ts'
import { jsonNumbers } from './conclusion.ts'
import { TOP_K } from './defaults.ts'
import { type Finding, failed, inconclusive, settle } from './finding.ts'
import { isNearTie, type LogitsJudgement, unmeasuredLogits, worstElement } from './logits.ts'
import { type JudgedFlip, logitsFindings, sayFlip } from './logits-findings.ts'
import { type LogitsMeasurement, logitsMetrics } from './logits-metrics.ts'
import { noiseMargin, rowErrors } from './noise.ts'
import { countNonFinite } from './non-finite.ts'
import { isWhole, mismatch } from './pairing.ts'
import { isFloat } from './value-at.ts'
import { caseLabel, placeOf, say, sayFew, sayList } from './wording.ts'

export interface TopSubject {
  readonly id: string
  /** The device's output. */
  readonly output: string
  readonly limit: Threshold
  /** RMS of centred logits for positions of which the golden does not say it. */
  readonly scale: number
}

/** What a golden keeps of a case. */
interface Kept {
  readonly positions: number
  readonly k: number
  /** [positions, k] */
  readonly ids: readonly number[]
  readonly logits: Float32Array
  /** [positions]; null where the golden does not say. */
  readonly scale: Float32Array | null
}

/** A choice whose cost the golden cannot say: a token that is none of its k. */
interface TopFlip extends JudgedFlip {
  readonly isKept: boolean
}

/** Judges one case. `given`: the device's logits [1, positions, vocabulary]. */
export function judgeTopLogits(
  subject: TopSubject,
  reference: CaseOutputs,
  given: TensorData,
  before: readonly Finding[],
): LogitsJudgement {
  const { id, output, limit } = subject
  const label = `${output} of ${caseLabel(id)}`
  const unlike = unlikeKept(label, reference.outputs, given)
  if (unlike !== null) return unmeasuredLogits(id, [...before, unlike])
  const vocabulary = given.shape.at(-1) ?? 0
  const kept = keptOf(reference.outputs, vocabulary)
  if (typeof kept === 'string') return unmeasuredLogits(id, [...before, inconclusive(`${kept} of ${caseLabel(id)}`)])

  const { positions, k, ids, logits } = kept
  const all = toFloat32(given)
  const device = Float32Array.from(ids, (token, i) => all[Math.floor(i / k) * vocabulary + token] ?? Number.NaN)
  const elements = compareElements(logits, device)
  const chosen = choicesOf(kept, all, vocabulary)
  const scales = kept.scale ?? new Float32Array(positions).fill(subject.scale)
  const flips = chosen.flips.map(flip => ({ ...flip, noise: noiseMargin(limit.limit, scales[flip.position] ?? 0) }))
  const unknown = flips.filter(flip => !flip.isKept && isNearTie(flip))
  const nearTies = flips.filter(flip => flip.isKept && isNearTie(flip))
  const faults = flips.filter(flip => !isNearTie(flip))
  const elsewhere = nanElsewhere(all, device)
  const comparison = {
    positions,
    elements,
    klNats: null,
    top1: (positions - flips.length) / positions,
    topk: chosen.topk,
  }
  const rows = rowErrors(logits, device, k)
  const shape = [1, positions, k]
  const measured: LogitsMeasurement = {
    comparison,
    positionRelL2: rows.relL2.reduce((a, b) => Math.max(a, b), 0),
    flips: faults.length,
    nearTies: nearTies.length,
    nonFinite: countNonFinite(logits, device, elements) + elsewhere.count,
    judged: { elements: logits.length, of: all.length },
  }
  const compared = { shape, reference: logits, device, comparison, rows, flips: faults }
  const findings = [
    ...nanFindings(label, elsewhere, given.shape),
    ...logitsFindings({ id, output: 'top_logits', against: 'the reference' }, compared, limit),
    ...unknown.map(flip =>
      inconclusive(
        `${label} choose token ${flip.deviceToken} at position ${flip.position}, of which the golden, with the ${k} largest ` +
          `logits alone, does not say the cost (at least ${say(flip.deviceMargin)}, noise ${say(flip.noise)})`,
      ),
    ),
  ]
  return {
    result: {
      id,
      ...settle([...before, ...findings]),
      metrics: jsonNumbers(logitsMetrics([measured])),
      details: {
        ...(faults.length > 0 && { flips: sayFew(faults.map(sayFlip)) }),
        ...(nearTies.length > 0 && { nearTies: sayFew(nearTies.map(sayFlip)) }),
        ...(k < vocabulary && {
          notJudged: `${vocabulary - k} of ${vocabulary} logits at each position: the golden keeps the ${k} largest alone`,
        }),
      },
    },
    samples: positions,
    worst: worstElement({ id, output: 'top_logits', against: 'the reference' }, shape, logits, device, comparison),
    severity: measured.nonFinite > 0 ? Number.POSITIVE_INFINITY : elements.relL2,
    histogram: elements.histogram,
    measured,
  }
}

/** Why a device's logits cannot stand beside what was kept of the reference's; null where they can. */
function unlikeKept(label: string, { top_logits: top }: NamedTensors, given: TensorData): Finding | null {
  const positions = top?.shape.at(-2) ?? 0
  const vocabulary = given.shape.at(-1) ?? 0
  if (top !== undefined && given.type !== top.type)
    return failed(`${label} has type ${given.type} where the reference has ${top.type}`)
  const wanted = [1, positions, vocabulary]
  if (sayList(given.shape) !== sayList(wanted))
    return failed(
      `${label} has shape ${sayList(given.shape)} where the reference's inputs ask for [1, ${positions}, vocabulary]`,
    )
  return mismatch(label, given, given)
}

/** What was kept, or why it cannot be judged by: the golden's own fault. */
function keptOf(
  { top_ids: tokens, top_logits: top, logit_scale: scale }: NamedTensors,
  vocabulary: number,
): Kept | string {
  if (top === undefined || tokens === undefined) return 'the reference has top_logits without top_ids'
  const [batch, positions = 0, k = 0, ...rest] = top.shape
  if (batch !== 1 || rest.length > 0 || !isFloat(top.type) || !isWhole(top) || elementCount(top.shape) === 0)
    return `the reference's top_logits are ${top.type} ${sayList(top.shape)}, not floats [1, positions, k]`
  if (
    (tokens.type !== 'i64' && tokens.type !== 'i32') ||
    sayList(tokens.shape) !== sayList(top.shape) ||
    !isWhole(tokens)
  )
    return `the reference's top_ids are ${tokens.type} ${sayList(tokens.shape)}, not whole numbers ${sayList(top.shape)}`
  if (k < 2) return "a margin needs two logits at least, and the reference's top_logits hold one at each position"
  const [ids, logits] = [toNumbers(tokens), toFloat32(top)]
  for (let at = 0; at < positions; at++) {
    const row = ids.slice(at * k, (at + 1) * k)
    if (row.some(token => token < 0 || token >= vocabulary) || new Set(row).size < k)
      return `the reference's top_ids at position ${at} are not ${k} tokens of ${vocabulary}`
    const values = logits.subarray(at * k, (at + 1) * k)
    if (values.some((value, i) => value > (values[i - 1] ?? value)))
      return `the reference's top_logits at position ${at} do not fall`
  }
  const isScale =
    scale !== undefined && isFloat(scale.type) && isWhole(scale) && elementCount(scale.shape) === positions
  if (scale !== undefined && !isScale) return `the reference's logit_scale is not floats [1, ${positions}]`
  return { positions, k, ids, logits, scale: scale === undefined ? null : toFloat32(scale) }
}

/** What a device would choose at each position, beside the golden's choice, and the overlap of the largest few. */
function choicesOf(
  { positions, k, ids, logits }: Kept,
  all: Float32Array,
  vocabulary: number,
): {
  readonly flips: readonly (Flip & Pick<TopFlip, 'isKept'>)[]
  readonly topk: { readonly k: number; readonly mean: number; readonly min: number; readonly minPosition: number }
} {
  const few = Math.min(TOP_K.k, k)
  const top = new TopK(few)
  const overlaps: number[] = []
  const flips: (Flip & Pick<TopFlip, 'isKept'>)[] = []
  for (let position = 0; position < positions; position++) {
    top.select(all, position * vocabulary, (position + 1) * vocabulary)
    const expected = ids.slice(position * k, (position + 1) * k)
    const largest = new Set(expected.slice(0, few))
    overlaps.push(top.tokens.reduce((shared, token) => shared + (largest.has(token) ? 1 : 0), 0))
    const [referenceToken = -1] = expected
    const deviceToken = top.tokens[0] ?? -1
    const first = logits[position * k] ?? Number.NaN
    // A golden that is NaN there has no choice; that is said as such.
    if (deviceToken === referenceToken || Number.isNaN(first)) continue
    const at = expected.indexOf(deviceToken)
    flips.push({
      position,
      referenceToken,
      deviceToken,
      margin: first - (logits[position * k + 1] ?? Number.NaN),
      // A token that is none of the k is smaller than the last of them: the least that the choice costs.
      deviceMargin: first - (logits[position * k + (at < 0 ? k - 1 : at)] ?? Number.NaN),
      isKept: at >= 0 || deviceToken < 0,
    })
  }
  const min = Math.min(...overlaps)
  const mean = overlaps.reduce((sum, value) => sum + value, 0) / positions
  return { flips, topk: { k: few, mean, min, minPosition: overlaps.indexOf(min) } }
}

/** NaN of the device at tokens that the golden does not keep: how many, and the first. */
function nanElsewhere(all: Float32Array, device: Float32Array): { readonly count: number; readonly first: number } {
  const count = (values: Float32Array) => values.reduce((sum, value) => sum + (Number.isNaN(value) ? 1 : 0), 0)
  const beside = count(all) - count(device)
  return { count: beside, first: beside > 0 ? all.findIndex(Number.isNaN) : -1 }
}

function nanFindings(label: string, { first }: { readonly first: number }, shape: readonly number[]): Finding[] {
  return first < 0 ? [] : [failed(`${label} is NaN at ${sayList(placeOf(first, shape))}`)]
}
