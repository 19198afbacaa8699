/**
 * exp of the mean negative log-likelihood per predicted token.
 *
 * `nllSum` in nats, over `tokens` predicted tokens. Throws RangeError unless tokens is positive.
 * Comparable only between models with the same tokenizer: see `bitsPerByte`.
 */
export function perplexity(nllSum: number, tokens: number): number {
  if (!(tokens > 0)) throw new RangeError(`perplexity over ${tokens} tokens`)
  return Math.exp(nllSum / tokens)
}

/**
 * Bits to encode one byte of the text, whatever the tokenizer.
 *
 * `nllSum` in nats, over the tokens that make `bytes` bytes of UTF-8. Throws RangeError unless bytes is positive.
 */
export function bitsPerByte(nllSum: number, bytes: number): number {
  if (!(bytes > 0)) throw new RangeError(`bits per byte over ${bytes} bytes`)
  return nllSum / Math.LN2 / bytes
}

/** Index of the first token that differs; the shorter length if one is a beginning of the other; -1 if they are equal. */
export function firstDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const shorter = Math.min(a.length, b.length)
  for (let i = 0; i < shorter; i++) if (a[i] !== b[i]) return i
  return a.length === b.length ? -1 : shorter
}
