import { twoWays } from './two-ways.ts'

/** Cases `batch.*`, outputs `logits` and `logits_batched` [1, tokens, vocabulary]: a row alone, and the same row among others. */
export const batchInvariance = twoWays({
  name: 'batch-invariance',
  summary: "a row's logits do not change with the rows beside it",
  kind: 'batch',
  plain: 'logits',
  other: 'logits_batched',
  against: 'the row alone',
})
