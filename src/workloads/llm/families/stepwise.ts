import { tokenTensor } from '../../../tensor.ts'
import { stretches } from '../stretches.ts'
import { type CaseFamily, runningText } from './family.ts'

const PROMPTS = 3
const TOKENS = 32

/** Tokens past a sliding window, where it is short enough to get there one by one. */
const PAST_WINDOW = 8
const WIDEST_WINDOW = 256

/** A prompt in one pass, `logits`, and its tokens fed one at a time through the cache, `logits_stepwise`; [1, tokens, vocabulary]. */
export const stepwise: CaseFamily = {
  cases(material) {
    const { windows, positions } = material.limits
    const short = material.prompts
      .filter(({ tokens }) => tokens.length >= 4)
      .slice(0, PROMPTS)
      .map(({ id, tokens }) => ({ name: id, tokens: tokens.slice(0, TOKENS) }))
    const widths = windows.filter(width => width !== null && width <= WIDEST_WINDOW && width + PAST_WINDOW <= positions)
    const text = runningText(material)
    if (widths.length === 0 || text.length === 0) return short
    const [tokens = []] = stretches(text, 1, Math.max(...widths.map(Number)) + PAST_WINDOW)
    return [...short, { name: 'past-the-window', tokens }]
  },

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
