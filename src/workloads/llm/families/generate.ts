import { mostProbable } from '../../../metrics/index.ts'
import { type NamedTensors, type TensorData, tensorOf, toFloat32 } from '../../../tensor.ts'
import { type CaseFamily, storedTokens } from './family.ts'

/** The most probable tokens that are kept of each step: those of one side should be known on the other too. */
const CANDIDATES = 10

/**
 * The greedy continuation of a prompt: `sequences` [1, steps]; as `margins` [1, steps] the best logit minus the second best; and what
 * else was likely, as `top_ids` i64 and `top_probabilities` f32 [1, steps, k]. The logits are too large to keep.
 */
export const generate: CaseFamily = {
  cases: ({ prompts, newTokens }) => prompts.map(({ id, tokens }) => ({ name: id, tokens, newTokens })),

  async observe(model, { newTokens }, inputs, { stop }) {
    const options = { newTokens, stop: [...stop], logits: true }
    const { sequences, top_logits: top, logits } = await model.generate(inputs, options)
    if (!sequences || !top) return sequences ? { sequences } : {}
    const pairs = toFloat32(top)
    const margins = Float32Array.from(
      { length: pairs.length / 2 },
      (_, step) => (pairs[2 * step] ?? 0) - (pairs[2 * step + 1] ?? 0),
    )
    return { sequences, margins: tensorOf(sequences.shape, margins), ...candidates(logits) }
  },

  ofGolden(stored) {
    const { sequences } = stored.outputs
    const tokens = sequences === undefined ? null : storedTokens(stored)
    return tokens && { tokens, newTokens: sequences?.shape.at(-1) ?? 0 }
  },
}

/** Nothing where the logits are not [1, steps, vocabulary]: what was chosen is judged without them. */
function candidates(logits: TensorData | undefined): NamedTensors {
  const [batch, steps = 0, vocabulary = 0] = logits?.shape ?? []
  if (logits?.type !== 'f32' || logits.shape.length !== 3 || batch !== 1 || vocabulary === 0) return {}
  const k = Math.min(CANDIDATES, vocabulary)
  const { tokens, probabilities } = mostProbable(toFloat32(logits), vocabulary, k)
  return {
    top_ids: tensorOf([1, steps, k], BigInt64Array.from(tokens, BigInt)),
    top_probabilities: tensorOf([1, steps, k], probabilities),
  }
}
