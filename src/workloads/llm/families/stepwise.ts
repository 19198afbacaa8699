import { tokenTensor } from '../../../tensor.ts'
import type { CaseFamily } from './family.ts'

const PROMPTS = 3
const TOKENS = 32

/** A prompt in one pass, `logits`, and its tokens fed one at a time through the cache, `logits_stepwise`; [1, tokens, vocabulary]. */
export const stepwise: CaseFamily = {
  cases: ({ prompts }) =>
    prompts
      .filter(({ tokens }) => tokens.length >= 4)
      .slice(0, PROMPTS)
      .map(({ id, tokens }) => ({ name: id, tokens: tokens.slice(0, TOKENS) })),

  async observe(model, { tokens }, inputs) {
    const whole = await model.run(inputs)
    const [first = 0, ...rest] = tokens
    // The last forced token is never fed: there is no step after it.
    const forced = { input_ids: tokenTensor([[first]]), forced_ids: tokenTensor([[...rest, first]]) }
    const { logits } = await model.generate(forced, { newTokens: tokens.length, stop: [], logits: true })
    return logits ? { ...whole, logits_stepwise: logits } : whole
  },

  ofGolden: null,
}
