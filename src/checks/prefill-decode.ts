import { twoWays } from './two-ways.ts'

/**
 * Cases `stepwise.*`, outputs `logits` and `logits_stepwise` [1, tokens, vocabulary]: the whole prompt in one pass, and the
 * same tokens one at a time through the KV cache.
 */
export const prefillDecode = twoWays({
  name: 'prefill-decode',
  summary: 'a whole prompt in one pass gives the logits of its tokens one at a time through the KV cache',
  kind: 'stepwise',
  plain: 'logits',
  other: 'logits_stepwise',
  against: 'the whole prompt',
  sides: { reference: 'whole prompt', device: 'token by token' },
})
