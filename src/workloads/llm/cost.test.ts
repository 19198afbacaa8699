import { expect, test } from 'vitest'
import { traceLanguage } from '../../../tests/checkpoints.ts'
import { costOf } from './cost.ts'

/** Grouped heads, a head_dim of its own: 2 layers, 6 query heads over 2 of keys and values, 16 features each. */
const CONFIG = {
  model_type: 'llama',
  hidden_size: 64,
  intermediate_size: 112,
  vocab_size: 96,
  num_hidden_layers: 2,
  num_attention_heads: 6,
  num_key_value_heads: 2,
  head_dim: 16,
}

test('a Llama costs what its paper’s matrices have', () => {
  const attention = 64 * (6 + 2 + 2) * 16 + 6 * 16 * 64 // q, k, v and the way back
  const mlp = 3 * 64 * 112
  expect(costOf(traceLanguage({ ...CONFIG, tie_word_embeddings: false }, 'test'))).toEqual({
    productParameters: 2 * (attention + mlp),
    headParameters: 96 * 64,
    attentionFeatures: 2 * 6 * 16,
    cacheElementsPerToken: 2 * 2 * 2 * 16,
    widestFeatures: 64 + 112, // the query's product has 64 + 96
  })
})

test('a tied head is a product too, and an embedding is none', () => {
  const [tied, untied] = [true, false].map(tie =>
    costOf(traceLanguage({ ...CONFIG, tie_word_embeddings: tie }, 'test')),
  )
  expect(tied).toEqual(untied)
})
