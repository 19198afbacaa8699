/**
 * Goldens that are small: of the logits [1, positions, vocabulary] of each case, the last position alone, or the largest few of
 * each position. docs/goldens.md says how each is judged.
 */
import type { CaseOutputs, Outputs } from '../checks/index.ts'
import { rowErrors } from '../checks/noise.ts'
import { TopK } from '../metrics/index.ts'
import {
  elementCount,
  type NamedTensors,
  type TensorData,
  tensorOf,
  toFloat32,
  tokenTensor,
  toNumbers,
} from '../tensor.ts'

/** What is kept of logits. */
export type Kept = { readonly what: 'all' } | { readonly what: 'last' } | { readonly what: 'top'; readonly k: number }

/** The same cases with what is to be kept of their logits; other outputs are small and stay. */
export function keepPart(outputs: Outputs, kept: Kept): Outputs {
  switch (kept.what) {
    case 'all':
      return outputs
    case 'last':
      return new Map(Array.from(outputs, ([id, stored]) => [id, lastOf(stored)]))
    case 'top':
      return new Map(Array.from(outputs, ([id, stored]) => [id, topOf(stored, kept.k)]))
  }
}

/** `logits` as `last_logits` [1, vocabulary]; of the logits at sampled positions of a long text, the last of these. */
function lastOf(stored: CaseOutputs): CaseOutputs {
  const { inputs, outputs } = stored
  const { logits, sampled_logits: sampled, ...others } = outputs
  const positions = inputs['sampled_positions']
  if (isLogits(logits)) {
    const [, , vocabulary = 0] = logits.shape
    return { ...stored, outputs: { ...others, last_logits: { ...lastPosition(logits), shape: [1, vocabulary] } } }
  }
  if (!isLogits(sampled) || positions === undefined) return stored
  const last = toNumbers(positions).slice(-1)
  return {
    ...stored,
    inputs: { ...inputs, sampled_positions: tokenTensor([last]) },
    outputs: { ...others, sampled_logits: lastPosition(sampled) },
  }
}

/** [1, positions, vocabulary] -> [1, 1, vocabulary] */
function lastPosition({ type, shape, bytes }: TensorData): TensorData {
  const [, positions = 1, vocabulary = 0] = shape
  return { type, shape: [1, 1, vocabulary], bytes: bytes.slice((bytes.length / positions) * (positions - 1)) }
}

function topOf(stored: CaseOutputs, k: number): CaseOutputs {
  const { logits, sampled_logits: sampled, ...others } = stored.outputs
  const whole = logits ?? sampled
  return isLogits(whole) ? { ...stored, outputs: { ...others, ...largestOf(whole, k) } } : stored
}

/** `top_ids` i64 and `top_logits` f32 [1, positions, k], the largest first; `logit_scale` f32 [1, positions]. */
function largestOf(logits: TensorData, most: number): NamedTensors {
  const [, positions = 0, vocabulary = 0] = logits.shape
  const k = Math.min(most, vocabulary)
  const values = toFloat32(logits)
  const top = new TopK(k)
  const ids = new BigInt64Array(positions * k)
  const largest = new Float32Array(positions * k)
  for (let position = 0; position < positions; position++) {
    top.select(values, position * vocabulary, (position + 1) * vocabulary)
    ids.set(Array.from(top.tokens, BigInt), position * k)
    largest.set(top.logits, position * k)
  }
  return {
    top_ids: tensorOf([1, positions, k], ids),
    top_logits: tensorOf([1, positions, k], largest),
    logit_scale: tensorOf([1, positions], Float32Array.from(rowErrors(values, values, vocabulary).scale)),
  }
}

function isLogits(tensor: TensorData | undefined): tensor is TensorData {
  return tensor?.type === 'f32' && tensor.shape.length === 3 && tensor.shape[0] === 1 && elementCount(tensor.shape) > 0
}
