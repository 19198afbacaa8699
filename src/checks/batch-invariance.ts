import { twoWays } from './two-ways.ts'

/**
 * Cases `batch.*`, outputs `logits` and `logits_batched`: a row alone, and the same row among others. [1, tokens, vocabulary] of a text,
 * [1, classes] of an image.
 */
export const batchInvariance = twoWays({
  name: 'batch-invariance',
  summary: 'the logits of a text or an image do not change with those beside it in a batch',
  kind: 'batch',
  plain: 'logits',
  other: 'logits_batched',
  against: 'the row alone',
})
