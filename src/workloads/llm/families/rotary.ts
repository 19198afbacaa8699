import { tokenTensor } from '../../../tensor.ts'
import { stretches } from '../stretches.ts'
import { type Asked, type CaseFamily, runningText } from './family.ts'
import { given, upTo } from './rows.ts'

const TOKENS = 24
/**
 * By how much all positions move. Not further: angles grow with the position, and fp32 rounds them by 6e-8 of their size, so
 * that a shift of thousands would measure nothing but that.
 */
const SHIFTS = [1, 100]
/** How far apart positions are where they are stretched. */
const STRETCH = 3

/** `logits` at positions 0, 1, 2 ..., and at other ones: `logits_shifted` or `logits_stretched`; [1, tokens, vocabulary]. */
export const rotary: CaseFamily = {
  cases(material) {
    const { positioning, positions } = material.limits
    if (positioning === 'absolute')
      return 'the model learned its positions one by one, so that a shift changes the result'
    if (positioning === 'none') return 'no query and key of the model is turned by its position'
    const text = runningText(material)
    const length = Math.min(TOKENS, Math.floor(positions / (STRETCH + 1)))
    if (text.length === 0 || length < 2) return 'there is no text, or no room for positions further apart'
    const [tokens = []] = stretches(text, 1, length)
    const asked = (name: string, position_ids: readonly number[]): Asked => ({
      name,
      tokens,
      beside: { position_ids: [position_ids] },
    })
    const shifts = [...new Set(SHIFTS.map(shift => Math.min(shift, positions - length)))]
    return [
      ...shifts.map(shift =>
        asked(
          `shifted-by-${shift}`,
          upTo(length).map(position => position + shift),
        ),
      ),
      asked(
        'stretched',
        upTo(length).map(position => position * STRETCH),
      ),
    ]
  },

  async observe(model, { tokens, beside }, { input_ids, position_ids }) {
    if (!input_ids || !position_ids) throw new Error('a rotary case without its positions')
    const [[first = 0, second = 0] = []] = beside?.['position_ids'] ?? []
    const from0 = await model.run({ input_ids, position_ids: tokenTensor([upTo(tokens.length)]) })
    const moved = await model.run({ input_ids, position_ids })
    const other = second - first === 1 ? 'logits_shifted' : 'logits_stretched'
    return given({ logits: from0['logits'], [other]: moved['logits'] })
  },

  ofGolden: null,
}
