import { type CaseFamily, storedTokens } from './family.ts'

/** Prompts whose logits are compared whole; the rest are compared by their greedy tokens. */
const PROMPTS = 12

/** The logits of every position of a prompt, `logits` [1, tokens, vocabulary]; of the device a second time as `logits_again`. */
export const logits: CaseFamily = {
  cases: ({ prompts }) => prompts.slice(0, PROMPTS).map(({ id, tokens }) => ({ name: id, tokens })),

  async observe(model, _item, inputs, { again }) {
    const once = await model.run(inputs)
    if (!again) return once
    const twice = await model.run(inputs)
    return { ...once, ...Object.fromEntries(Object.entries(twice).map(([name, value]) => [`${name}_again`, value])) }
  },

  ofGolden(stored) {
    const tokens = stored.outputs['logits'] === undefined ? null : storedTokens(stored)
    return tokens && { tokens }
  },
}
