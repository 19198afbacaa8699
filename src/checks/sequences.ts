/** Greedy token sequences side by side: where they part, and whether the reference was sure there. */
import type { SideBySide } from '../events/result.ts'
import { firstDifference } from '../metrics/index.ts'
import { type NamedTensors, type TensorData, toFloat32, toNumbers } from '../tensor.ts'
import type { CaseOutputs } from './check.ts'
import { type Finding, failed, inconclusive } from './finding.ts'
import { isWhole } from './pairing.ts'
import { type Distribution, REFERENCE_AND_DEVICE, sideBySide, type Texts } from './side-by-side.ts'
import { isFloat } from './value-at.ts'
import { caseLabel, say, sayList } from './wording.ts'

/** Where two sequences part. A near tie is another token where the reference's margin is within the noise. */
export interface Parting {
  /** Index of the first new token that differs; the shorter length where one side is a beginning of the other. */
  readonly index: number
  /** The reference's top-1 minus its top-2 logit there; null where it did not say. */
  readonly margin: number | null
  readonly judged: 'near-tie' | 'fault' | 'unknown'
  readonly reason: string
}

export interface Sequences {
  readonly reference: number[]
  readonly device: number[]
  readonly parting: Parting | null
}

/**
 * Compares `sequences` [1, steps], the new tokens with the stop token, with the help of the reference's `margins` [1, steps].
 * Gives a finding where they cannot be compared. Lengths may differ: that is a difference, not another shape.
 */
export function compareSequences(
  id: string,
  reference: NamedTensors,
  device: NamedTensors,
  noise: number,
): Sequences | Finding {
  const [right, given] = [reference['sequences'], device['sequences']]
  const ours = tokensOf(right)
  if (right === undefined || ours === null)
    return inconclusive(`the reference has no token ids in sequences of ${caseLabel(id)}`)
  if (given === undefined) return failed(`output sequences of ${caseLabel(id)} is missing`)
  const unlike = unlikeButForLength(`output sequences of ${caseLabel(id)}`, right, given)
  if (unlike !== null) return unlike
  const tokens = tokensOf(given)
  if (tokens === null) return failed(`sequences of ${caseLabel(id)} are not one row of token ids`)
  return { reference: ours, device: tokens, parting: partingOf(id, ours, tokens, marginsOf(reference), noise) }
}

function unlikeButForLength(subject: string, reference: TensorData, device: TensorData): Finding | null {
  const { type, shape } = device
  if (type !== reference.type) return failed(`${subject} has type ${type} where the reference has ${reference.type}`)
  const isAlike =
    shape.length === reference.shape.length && shape.slice(0, -1).every((size, axis) => size === reference.shape[axis])
  if (!isAlike)
    return failed(`${subject} has shape ${sayList(shape)} where the reference has ${sayList(reference.shape)}`)
  if (!isWhole(device)) return failed(`${subject} does not have the bytes of its shape ${sayList(shape)}`)
  return null
}

/** Token ids of one row; null where the tensor is anything else. */
export function tokensOf(tensor: TensorData | undefined): number[] | null {
  if (tensor === undefined || !isWhole(tensor)) return null
  if (tensor.type !== 'i64' && tensor.type !== 'i32') return null
  if (tensor.shape.slice(0, -1).some(size => size !== 1)) return null
  return toNumbers(tensor)
}

function marginsOf(outputs: NamedTensors): ArrayLike<number> {
  const margins = outputs['margins']
  return margins !== undefined && isFloat(margins.type) && isWhole(margins) ? toFloat32(margins) : []
}

function partingOf(
  id: string,
  reference: readonly number[],
  device: readonly number[],
  margins: ArrayLike<number>,
  noise: number,
): Parting | null {
  const index = firstDifference(reference, device)
  if (index < 0) return null
  const given = margins[index] ?? Number.NaN
  const margin = Number.isFinite(given) ? given : null
  const [expected, got] = [reference[index], device[index]]
  const label = caseLabel(id)
  // The stop token is part of a sequence, so that no near tie makes one end early or go on.
  if (expected === undefined || got === undefined) {
    const reason = `sequences of ${label} has ${device.length} ${device.length === 1 ? 'token' : 'tokens'} where the reference has ${reference.length}, alike to the end of the shorter`
    return { index, margin, judged: 'fault', reason }
  }
  const what = `sequences of ${label} has token ${got} at ${sayList([0, index])} where the reference has ${expected}`
  if (margin === null)
    return { index, margin, judged: 'unknown', reason: `${what}, and the reference does not say by what margin` }
  const judged = margin <= noise ? 'near-tie' : 'fault'
  return { index, margin, judged, reason: `${what} by a margin of ${say(margin)} (noise ${say(noise)})` }
}

/** Two sequences where they part, to be shown; undefined where they do not. */
export function showParting(
  reference: CaseOutputs | undefined,
  device: CaseOutputs | undefined,
  sequences: Sequences,
  texts: Texts,
): (() => SideBySide) | undefined {
  const focus = sequences.parting?.index
  if (focus === undefined) return undefined
  const prompt = tokensOf(reference?.inputs['input_ids']) ?? []
  const said = (side: CaseOutputs | undefined) => distributionAt(side?.outputs ?? {}, focus)
  return () =>
    sideBySide(
      {
        kind: 'generated',
        sides: REFERENCE_AND_DEVICE,
        prompt,
        promptTokens: prompt.length,
        focus,
        referenceAt: index => sequences.reference[index],
        deviceAt: index => sequences.device[index],
        distributions: { reference: said(reference), device: said(device) },
      },
      texts,
    )
}

/** What a side said it might have chosen at a step: `top_ids` i64 and `top_probabilities` f32 [1, steps, k]. */
function distributionAt({ top_ids: ids, top_probabilities: values }: NamedTensors, step: number): Distribution | null {
  if (ids === undefined || values === undefined || ids.shape.length !== 3 || !isWhole(ids)) return null
  if (ids.type !== 'i64' || !isFloat(values.type) || !isWhole(values) || sayList(values.shape) !== sayList(ids.shape))
    return null
  const [batch, , k = 0] = ids.shape
  if (batch !== 1) return null
  const top = toNumbers(ids).slice(step * k, (step + 1) * k)
  const probabilities = toFloat32(values).subarray(step * k, (step + 1) * k)
  return {
    top: top.filter(token => token >= 0),
    probabilityOf: token => probabilities[top.indexOf(token)] ?? Number.NaN,
  }
}
