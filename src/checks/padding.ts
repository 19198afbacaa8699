import { twoWays } from './two-ways.ts'

/**
 * Cases `padding.*`, outputs `logits` and `logits_padded` [1, tokens, vocabulary]: a row alone, and the same row padded on the
 * left or on the right beside a longer one, in one pass or token by token.
 */
export const padding = twoWays({
  name: 'padding',
  summary: 'a row that is padded, on the left or on the right, gives the logits of the row alone',
  kind: 'padding',
  plain: 'logits',
  other: 'logits_padded',
  against: 'the row alone',
})
