import { tokenTensor, toNumbers } from '../../../tensor.ts'
import { tooMuch } from '../pass-cost.ts'
import { stretches } from '../stretches.ts'
import { type Asked, type CaseFamily, type Material, runningText, storedTokens } from './family.ts'
import { given, joined, positionsOf } from './rows.ts'

/** Texts up to this length are judged by the windows of perplexity already. */
const SHORT = 512
/** Positions that are looked at beside those around the powers of two. */
const EVENLY = 16
/** Logits of a whole text that a worker is asked for at once. */
const MOST_LOGITS_BYTES = 2 ** 30

/**
 * The logits at sampled positions of a text as long as the model's positions, `sampled_logits` [1, sampled, vocabulary]; of a
 * shorter one, halved until it fits, where that takes too long.
 */
export const longContext: CaseFamily = {
  cases(material) {
    if (runningText(material).length === 0) return 'there is no text'
    const { positions, pass, mostTflop } = material.limits
    const reason = tooMuch(pass, positions, mostTflop)
    if (reason === null) return [asked(material, positions)]
    let length = positions
    while (length > SHORT && tooMuch(pass, length, mostTflop) !== null) length = Math.floor(length / 2)
    return length <= SHORT ? reason : [{ ...asked(material, positions), refused: reason }, asked(material, length)]
  },

  async observe(model, { tokens, beside }, { input_ids }) {
    if (!input_ids) throw new Error('a long-context case without its tokens')
    const [sampled = []] = beside?.['sampled_positions'] ?? []
    if (beside?.['one_by_one'] === undefined) {
      const { logits } = await model.run({ input_ids })
      return given({ sampled_logits: positionsOf(logits, { rows: 1, width: tokens.length }, sampled) })
    }
    const kept = []
    for (const position of sampled) {
      const { logits } = await model.run({ input_ids: tokenTensor([tokens.slice(0, position + 1)]) }, 1)
      kept.push(logits)
    }
    return given({ sampled_logits: joined(kept) })
  },

  ofGolden(stored) {
    const positions = stored.inputs['sampled_positions']
    const kept = stored.outputs['sampled_logits'] ?? stored.outputs['top_logits']
    const tokens = kept === undefined ? null : storedTokens(stored)
    return tokens && positions ? { tokens, beside: { sampled_positions: [toNumbers(positions)] } } : null
  },
}

function asked(material: Material, length: number): Asked {
  const [tokens = []] = stretches(runningText(material), 1, length)
  const isLarge = length * material.limits.vocabulary * Float32Array.BYTES_PER_ELEMENT > MOST_LOGITS_BYTES
  // A pass for each position, of which the last costs as much as all others together.
  const halves = [8, 4, 2, 1].map(part => Math.ceil(length / part) - 1)
  return {
    name: String(length),
    tokens,
    beside: isLarge
      ? { sampled_positions: [halves], one_by_one: [[1]] }
      : { sampled_positions: [sampledPositions(length)] },
  }
}

/** Positions on both sides of each power of two, where buffers grow and tiles end; some evenly between; and the last. */
export function sampledPositions(length: number): number[] {
  const positions = new Set([length - 1])
  for (let power = 1; power < length; power *= 2) positions.add(power - 1).add(power)
  for (let part = 0; part < EVENLY; part++) positions.add(Math.floor((part * length) / EVENLY))
  return [...positions].sort((a, b) => a - b)
}
