import { fastExp } from './exp.ts'

/**
 * Negative log-likelihood of each position's target token, in nats: log sum exp(row) - row[target].
 *
 * `logits`: [positions, vocabulary], row-major; `targets`: [positions], the token that follows each position.
 * Stable for logits of any size; absolute error 1e-11. Infinity where the target is masked (its logit -Infinity), NaN
 * where the row has NaN or Infinity, or nothing but -Infinity.
 * Throws RangeError if the shapes do not fit or a target is no token of the vocabulary.
 */
export function nllOfTargets(logits: Float32Array, targets: ArrayLike<number>, vocabulary: number): Float64Array {
  if (logits.length !== targets.length * vocabulary) {
    throw new RangeError(`${logits.length} logits are not ${targets.length} positions x ${vocabulary} tokens`)
  }
  const nll = new Float64Array(targets.length)
  for (let position = 0; position < nll.length; position++) {
    const target = targets[position] ?? -1
    if (!(Number.isInteger(target) && target >= 0 && target < vocabulary)) {
      throw new RangeError(`target ${target} at position ${position} is no token of a vocabulary of ${vocabulary}`)
    }
    const start = position * vocabulary
    const max = rowMax(logits, start, start + vocabulary)
    const targetLogit = logits[start + target] ?? Number.NaN
    nll[position] = Math.log(sumOfExp(logits, start, start + vocabulary, max)) + (max - targetLogit)
  }
  return nll
}

/** NaN if any element is. */
export function rowMax(logits: Float32Array, start: number, end: number): number {
  let max = -Infinity
  for (let i = start; i < end; i++) max = Math.max(max, logits[i] ?? Number.NaN)
  return max
}

/** sum exp(x - max) over elements start to end (exclusive). */
export function sumOfExp(logits: Float32Array, start: number, end: number, max: number): number {
  let sum = 0
  for (let i = start; i < end; i++) sum += fastExp((logits[i] ?? Number.NaN) - max)
  return sum
}
