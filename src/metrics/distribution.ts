import { rowMax, sumOfExp } from './likelihood.ts'
import { TopK } from './topk.ts'

/**
 * The probability of each token by the logits of one row, elements start to end (exclusive): softmax.
 * NaN for every token where the row has NaN or Infinity, or nothing but -Infinity.
 */
export function softmax(logits: Float32Array, start: number, end: number): (token: number) => number {
  const max = rowMax(logits, start, end)
  const sum = sumOfExp(logits, start, end, max)
  return token => Math.exp((logits[start + token] ?? Number.NaN) - max) / sum
}

/** The k most probable tokens of each of several rows, the most probable first. */
export interface MostProbable {
  /** [rows, k]; -1 where a row has fewer numbers. */
  readonly tokens: Int32Array
  /** [rows, k]; see `softmax`. */
  readonly probabilities: Float32Array
}

/** `logits`: [rows, vocabulary], row-major. Of equal logits the lower token comes first. */
export function mostProbable(logits: Float32Array, vocabulary: number, k: number): MostProbable {
  const rows = logits.length / vocabulary
  const tokens = new Int32Array(rows * k)
  const probabilities = new Float32Array(rows * k)
  const top = new TopK(k)
  for (let row = 0; row < rows; row++) {
    const start = row * vocabulary
    top.select(logits, start, start + vocabulary)
    tokens.set(top.tokens, row * k)
    const probabilityOf = softmax(logits, start, start + vocabulary)
    probabilities.set(Array.from(top.tokens, probabilityOf), row * k)
  }
  return { tokens, probabilities }
}
