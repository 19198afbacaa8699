import { tensorOf, toFloat32 } from '../../../tensor.ts'
import { type CaseFamily, storedTokens } from './family.ts'

/** The greedy continuation of a prompt: `sequences` [1, steps] and, as `margins` [1, steps], the best logit minus the second best. */
export const generate: CaseFamily = {
  cases: ({ prompts, newTokens }) => prompts.map(({ id, tokens }) => ({ name: id, tokens, newTokens })),

  async observe(model, { newTokens }, inputs, { stop }) {
    const options = { newTokens, stop: [...stop], logits: false }
    const { sequences, top_logits: top } = await model.generate(inputs, options)
    if (!sequences || !top) return sequences ? { sequences } : {}
    const pairs = toFloat32(top)
    const margins = Float32Array.from(
      { length: pairs.length / 2 },
      (_, step) => (pairs[2 * step] ?? 0) - (pairs[2 * step + 1] ?? 0),
    )
    return { sequences, margins: tensorOf(sequences.shape, margins) }
  },

  ofGolden(stored) {
    const { sequences } = stored.outputs
    const tokens = sequences === undefined ? null : storedTokens(stored)
    return tokens && { tokens, newTokens: sequences?.shape.at(-1) ?? 0 }
  },
}
