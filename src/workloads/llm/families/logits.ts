import { type CaseFamily, storedTokens } from './family.ts'

/** Prompts whose logits are compared whole; the rest are compared by their greedy tokens. */
const PROMPTS = 12

/**
 * The logits of every position of a prompt, `logits` [1, tokens, vocabulary]; of the device a second time as `logits_again`.
 * A golden may keep a part of them: `last_logits` or `top_logits`.
 */
export const logits: CaseFamily = {
  cases: ({ prompts }) => prompts.slice(0, PROMPTS).map(({ id, tokens }) => ({ name: id, tokens })),

  async observe(model, _item, inputs, { again }) {
    const once = await model.run(inputs)
    if (!again) return once
    const twice = await model.run(inputs)
    return { ...once, ...Object.fromEntries(Object.entries(twice).map(([name, value]) => [`${name}_again`, value])) }
  },

  ofGolden(stored) {
    const { logits, last_logits, top_logits } = stored.outputs
    // The largest logits of sampled positions are those of a long text.
    const kept = logits ?? last_logits ?? (stored.inputs['sampled_positions'] === undefined ? top_logits : undefined)
    const tokens = kept === undefined ? null : storedTokens(stored)
    return tokens && { tokens }
  },
}
