import { type NamedTensors, tokenTensor, toNumbers } from '../../../tensor.ts'
import { stretches } from '../stretches.ts'
import { type Asked, type CaseFamily, runningText } from './family.ts'
import { given, positionsOf, rowOf } from './rows.ts'

/** Lengths of the padded row and of the one beside it: a little padding, and almost nothing else. */
const SHAPES = [
  { tokens: 20, width: 27 },
  { tokens: 3, width: 40 },
] as const
/** Tokens that are fed after the prompt where it is continued. */
const STEPS = 8

/**
 * A row alone, `logits`, and padded to the length of the row beside it, `logits_padded`. In one pass, padded on the left and on
 * the right: [1, tokens, vocabulary]; continued by given tokens, padded on the left as `generate` takes it: [1, steps, vocabulary].
 * What stands in the padding is text, so that a device that looks at it is seen.
 */
export const padding: CaseFamily = {
  cases(material) {
    const text = runningText(material)
    if (text.length === 0) return 'there is no text to take rows from'
    const shapes = SHAPES.filter(({ width }) => width + STEPS <= material.limits.positions)
    if (shapes.length === 0) return `the model's ${material.limits.positions} positions leave no room for padding`
    return shapes.flatMap(({ tokens: length, width }): Asked[] => {
      const [tokens = [], padded = [], neighbour = [], forced = []] = stretches(text, 4, width)
      const asked = (side: 'left' | 'right', more: { name: string; newTokens?: number }): Asked => {
        const from = side === 'left' ? width - length : 0
        const isReal = (at: number) => at >= from && at < from + length
        const row = padded.map((pad, at) => (isReal(at) ? (tokens[at - from] ?? 0) : pad))
        const mask = padded.map((_, at) => (isReal(at) ? 1 : 0))
        const steps = forced.slice(0, STEPS)
        return {
          ...more,
          tokens: tokens.slice(0, length),
          beside: {
            padded_ids: [row, neighbour],
            attention_mask: [mask, neighbour.map(() => 1)],
            ...(more.newTokens !== undefined && { forced_ids: [steps, steps] }),
          },
        }
      }
      const label = `${length}-of-${width}`
      return [
        asked('left', { name: `left-${label}` }),
        asked('right', { name: `right-${label}` }),
        asked('left', { name: `left-${label}-continued`, newTokens: STEPS }),
      ]
    })
  },

  async observe(model, { newTokens, beside }, inputs) {
    const { input_ids: alone, padded_ids: padded, attention_mask: mask } = inputs
    if (!alone || !padded || !mask) throw new Error('a padding case without its rows')
    const batch = { input_ids: padded, attention_mask: mask }
    if (newTokens > 0) {
      const [steps = []] = beside?.['forced_ids'] ?? []
      const options = { newTokens, stop: [], logits: true }
      const plain = await model.generate({ input_ids: alone, forced_ids: tokenTensor([steps]) }, options)
      const { forced_ids } = inputs
      const among: NamedTensors = await model.generate({ ...batch, ...given({ forced_ids }) }, options)
      const row = rowOf(among['logits'], { rows: 2, width: newTokens, row: 0 })
      return given({ logits: plain['logits'], logits_padded: row })
    }
    const [, width = 0] = padded.shape
    const real = toNumbers(mask)
      .slice(0, width)
      .flatMap((bit, at) => (bit === 1 ? [at] : []))
    const { logits } = await model.run({ input_ids: alone })
    const among = await model.run(batch)
    return given({ logits, logits_padded: positionsOf(among['logits'], { rows: 2, width }, real) })
  },

  ofGolden: null,
}
