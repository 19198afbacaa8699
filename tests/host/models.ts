/** The graphs of fixtures/make_models.py: how they are driven, and what they answer. */
import type { GraphInterface } from '../../src/protocol/messages.ts'

export const VOCABULARY = 16

/** `counter`: an `append` cache, and every optional role. */
export const COUNTER: GraphInterface = {
  roles: { input_ids: 'input-ids', attention_mask: 'attention-mask', keep: 'logits-to-keep' },
  cache: {
    layout: 'append',
    type: 'f32',
    heads: 1,
    headDim: VOCABULARY,
    step: 64,
    tensors: [{ past: 'past', present: 'present' }],
  },
  logits: 'logits',
  vocabulary: VOCABULARY,
  positions: 64,
}

/** `attention`: a `shared` cache that grows every four slots. */
export const ATTENTION: GraphInterface = {
  roles: { input_ids: 'input-ids', last_index: 'last-index', total_length: 'total-length' },
  cache: {
    layout: 'shared',
    type: 'f32',
    heads: 2,
    headDim: 16,
    step: 4,
    tensors: [
      { past: 'past_key', present: 'present_key' },
      { past: 'past_value', present: 'present_value' },
    ],
  },
  logits: 'logits',
  vocabulary: VOCABULARY,
  positions: 256,
}

/** The counter's logits after `tokens`, by its definition: twice the count of each token, and 3 for the last one's successor. */
export function counterLogits(tokens: readonly number[]): number[] {
  const last = tokens.at(-1) ?? 0
  return Array.from({ length: VOCABULARY }, (_, token) => {
    const seen = tokens.filter(other => other === token).length
    return 2 * seen + (token === (last + 1) % VOCABULARY ? 3 : 0)
  })
}

export function counterContinuation(prompt: readonly number[], newTokens: number): number[] {
  const tokens = [...prompt]
  for (let step = 0; step < newTokens; step++) {
    const logits = counterLogits(tokens)
    tokens.push(logits.indexOf(Math.max(...logits)))
  }
  return tokens.slice(prompt.length)
}

export function fixture(name: string): string {
  return `${import.meta.dirname}/fixtures/${name}.onnx`
}
