import { tooMuch } from '../pass-cost.ts'
import { stretches } from '../stretches.ts'
import { type Asked, type CaseFamily, type Material, runningText } from './family.ts'
import { given } from './rows.ts'

/** A token and the one before it: in running text the effect of one further back is as faint as the rounding of 8-bit integers. */
const NEAR = 2
/** Positions beyond the reach of the first token whose logits are looked at. */
const BEYOND = 4

/**
 * The first token is replaced by another, and the logits of the last positions are compared: `outside` where it cannot reach
 * them, `inside` where it is seen.
 *
 * A query sees itself and window - 1 positions before it, so that a token reaches as far as the sum over the layers of
 * (window - 1). Through many layers the last step of that way is too faint to be seen in any precision, so that a window that is
 * wrong by one is found in another way: all tokens between the first and the last are masked. Where the two lie window
 * positions apart, the last one sees itself alone, in every layer; one position nearer, the first token is half of what it sees.
 */
export const window: CaseFamily = {
  cases(material) {
    const { windows, positions, pass } = material.limits
    const text = runningText(material)
    const widths = windows.filter(width => width !== null)
    if (widths.length === 0) return 'no layer of the model has a sliding window'
    if (widths.length < windows.length)
      return `${windows.length - widths.length} of ${windows.length} layers attend to every position, so that no token is outside`
    if (text.length < 2) return 'there is no text'
    const [narrowest, widest] = [Math.min(...widths), Math.max(...widths)]
    if (widest >= positions) return `a window of ${widest} holds all of the model's ${positions} positions`
    const reason = tooMuch(pass, widest + 1, material.limits.mostTflop)
    if (reason !== null) return reason

    const reach = widths.reduce((sum, width) => sum + width - 1, 0)
    const whole = reach + 1 + BEYOND
    const isPossible = whole <= positions && tooMuch(pass, whole, material.limits.mostTflop) === null
    return [
      ...(isPossible ? [asked(material, 'beyond-every-window', whole, { outside: BEYOND })] : []),
      asked(material, 'near', Math.min(narrowest, NEAR), { inside: 1 }),
      asked(material, 'just-outside', widest + 1, { outside: 1, isMasked: true }),
      asked(material, 'just-inside', narrowest, { inside: 1, isMasked: true }),
    ]
  },

  async observe(model, { beside }, { input_ids, changed_ids, attention_mask }) {
    if (!input_ids || !changed_ids) throw new Error('a window case without its tokens')
    const side = beside?.['outside'] === undefined ? 'inside' : 'outside'
    const [[kept = 1] = []] = beside?.[side] ?? []
    const mask = given({ attention_mask })
    const before = await model.run({ input_ids, ...mask }, kept)
    const after = await model.run({ input_ids: changed_ids, ...mask }, kept)
    return given({ [side]: before['logits'], [`${side}_changed`]: after['logits'] })
  },

  ofGolden: null,
}

function asked(
  material: Material,
  name: string,
  length: number,
  { outside, inside, isMasked = false }: { outside?: number; inside?: number; isMasked?: boolean },
): Asked {
  const text = runningText(material)
  const [tokens = []] = stretches(text, 1, length)
  const other = text.find(token => token !== tokens[0]) ?? 0
  const ends = tokens.map((_, at) => (at === 0 || at === length - 1 ? 1 : 0))
  return {
    name,
    tokens,
    beside: {
      changed_ids: [tokens.with(0, other)],
      ...(outside !== undefined && { outside: [[outside]] }),
      ...(inside !== undefined && { inside: [[inside]] }),
      ...(isMasked && { attention_mask: [ends] }),
    },
  }
}
