import { perplexity } from '../metrics/index.ts'
import { smallestMeanShift } from './smallest-drop.ts'

/** Negative log-likelihoods of one window's tokens on both sides, in nats. */
export interface Window {
  readonly id: string
  readonly reference: Float32Array
  readonly device: Float32Array
}

/** What windows of text say together. */
export interface NllSummary extends Record<string, number> {
  readonly perplexity: number
  readonly referencePerplexity: number
  readonly perplexityDifference: number
  readonly bitsPerToken: number
  readonly referenceBitsPerToken: number
  /** Device minus reference, nats per token, and its standard error over the paired tokens. */
  readonly meanNllDifference: number
  readonly nllStandardError: number
  /** RMS of the paired differences, over the RMS of the reference's nll or 1 nat where that is smaller. */
  readonly nllRelative: number
  /** In units of perplexity; NaN for a single token. */
  readonly smallestDrop: number
  readonly tokens: number
}

/** Null for no token. */
export function summarise(windows: readonly Window[]): NllSummary | null {
  let tokens = 0
  let ours = 0
  let theirs = 0
  let squares = 0
  let differenceSquares = 0
  for (const { reference, device } of windows) {
    for (const [i, r] of reference.entries()) {
      const d = device[i] ?? Number.NaN
      tokens++
      ours += r
      theirs += d
      squares += r * r
      differenceSquares += (d - r) ** 2
    }
  }
  if (tokens === 0) return null
  const mean = (theirs - ours) / tokens
  const variance = Math.max(0, differenceSquares - tokens * mean * mean) / (tokens - 1)
  const standardError = Math.sqrt(variance / tokens)
  const [device, reference] = [perplexity(theirs, tokens), perplexity(ours, tokens)]
  return {
    perplexity: device,
    referencePerplexity: reference,
    perplexityDifference: Math.abs(device - reference),
    bitsPerToken: theirs / tokens / Math.LN2,
    referenceBitsPerToken: ours / tokens / Math.LN2,
    meanNllDifference: mean,
    nllStandardError: standardError,
    nllRelative: Math.sqrt(differenceSquares / tokens) / Math.max(1, Math.sqrt(squares / tokens)),
    smallestDrop: reference * Math.expm1(smallestMeanShift(standardError)),
    tokens,
  }
}
