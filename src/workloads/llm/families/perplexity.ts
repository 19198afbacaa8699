import { nllOfTargets } from '../../../metrics/index.ts'
import { elementCount, tensorOf, toFloat32 } from '../../../tensor.ts'
import { type Asked, type CaseFamily, storedTokens } from './family.ts'

const WINDOW = 512
const WINDOWS = 12

/** Windows of the text, at most 512 tokens of the model's context each, with no overlap: `nll` [1, tokens - 1]. */
export const perplexity: CaseFamily = {
  cases({ text, limits }) {
    const size = Math.min(WINDOW, limits.positions)
    const cases: Asked[] = []
    for (let start = 0; start + 2 <= text.length && cases.length < WINDOWS; start += size)
      cases.push({ name: String(cases.length), tokens: text.slice(start, start + size) })
    return cases
  },

  /** The logits are too large to keep. */
  async observe(model, { tokens }, inputs) {
    const { logits } = await model.run(inputs)
    if (!logits) return {}
    const [, positions = 0, vocabulary = 0] = logits.shape
    if (positions !== tokens.length || elementCount(logits.shape) !== positions * vocabulary) return { logits }
    const predicting = toFloat32(logits).subarray(0, (positions - 1) * vocabulary)
    const nll = Float32Array.from(nllOfTargets(predicting, Int32Array.from(tokens.slice(1)), vocabulary))
    return { nll: tensorOf([1, nll.length], nll) }
  },

  ofGolden(stored) {
    const tokens = stored.outputs['nll'] === undefined ? null : storedTokens(stored)
    return tokens && { tokens }
  },
}
