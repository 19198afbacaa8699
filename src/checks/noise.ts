/**
 * How small a lead of the reference's first choice over its second means nothing: a near tie.
 *
 * Rounding to a precision moves each logit, at most by about limit x scale: the precision's own relL2 limit times the RMS of
 * the reference's centred logits at that position (centred, since a constant added to all logits chooses nothing). Two logits
 * that move against each other swap where their margin is below twice that. The device's measured error plays no part: a
 * device that is far off would excuse itself.
 */
import { type TensorData, toFloat32 } from '../tensor.ts'
import type { Outputs } from './check.ts'
import { caseIds, isWhole } from './pairing.ts'
import { isFloat } from './value-at.ts'

/** The largest margin that is a near tie, in logits. */
export function noiseMargin(relativeError: number, scale: number): number {
  return 2 * relativeError * scale
}

/** Position by position over the last dimension, over the elements that are finite on both sides. */
export interface RowErrors {
  /** norm(d - r) / norm(r), [positions]; 0 where both are zero. */
  readonly relL2: Float64Array
  /** RMS of the reference's centred logits, [positions]. */
  readonly scale: Float64Array
}

export function rowErrors(reference: Float32Array, device: Float32Array, vocabulary: number): RowErrors {
  const positions = vocabulary > 0 ? reference.length / vocabulary : 0
  const relL2 = new Float64Array(positions)
  const scale = new Float64Array(positions)
  for (let position = 0; position < positions; position++) {
    const start = position * vocabulary
    let count = 0
    let sum = 0
    let squares = 0
    let errors = 0
    for (let i = start; i < start + vocabulary; i++) {
      const r = reference[i] ?? Number.NaN
      const error = (device[i] ?? Number.NaN) - r
      if (!Number.isFinite(error)) continue
      count++
      sum += r
      squares += r * r
      errors += error * error
    }
    relL2[position] = errors === 0 ? 0 : Math.sqrt(errors / squares)
    scale[position] = count > 0 ? Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2)) : 0
  }
  return { relL2, scale }
}

/**
 * The scale of a model's logits where a check has the reference's margins alone: the median over all positions of its
 * `logits.*` cases. Without any, the RMS of the margins themselves, which in language models is of the same size. A golden that
 * keeps a part of the logits says the scale of each position, or gives the margins.
 */
export function logitScale(reference: Outputs): number {
  const logits = caseIds(reference, 'logits').map(id => reference.get(id)?.outputs ?? {})
  const scales = logits.flatMap(({ logits, last_logits, logit_scale }) => [
    ...rowScales(logits ?? last_logits),
    ...valuesOf(logit_scale),
  ])
  if (scales.length > 0) return median(scales)
  const margins = [
    ...caseIds(reference, 'generate').flatMap(id => valuesOf(reference.get(id)?.outputs['margins'])),
    ...logits.flatMap(({ top_logits }) => leads(top_logits)),
  ]
  const finite = margins.filter(Number.isFinite)
  return finite.length > 0 ? Math.sqrt(finite.reduce((sum, margin) => sum + margin * margin, 0) / finite.length) : 0
}

function rowScales(logits: TensorData | undefined): number[] {
  const vocabulary = logits?.shape.at(-1) ?? 0
  if (logits === undefined || vocabulary === 0 || !isFloat(logits.type) || !isWhole(logits)) return []
  const values = toFloat32(logits)
  return Array.from(rowErrors(values, values, vocabulary).scale)
}

/** By how much the first of each row leads the second; a row is the largest logits of a position. */
function leads(top: TensorData | undefined): number[] {
  const k = top?.shape.at(-1) ?? 0
  const values = k < 2 ? [] : valuesOf(top)
  return Array.from({ length: values.length / k || 0 }, (_, row) => (values[row * k] ?? 0) - (values[row * k + 1] ?? 0))
}

function valuesOf(tensor: TensorData | undefined): number[] {
  return tensor !== undefined && isFloat(tensor.type) && isWhole(tensor) ? Array.from(toFloat32(tensor)) : []
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
