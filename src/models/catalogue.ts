/** Configs of `arch/NAME`: published or typical sizes that run with seeded weights, with no checkpoint. */
export interface CatalogueEntry {
  /** What config.json would say, `model_type` included. */
  readonly config: Readonly<Record<string, unknown>>
  readonly summary: string
}

export const catalogue = {
  'llama-125m': {
    summary: 'Llama with the width of GPT-2 small and grouped-query heads: the size of the speed benchmarks',
    config: {
      model_type: 'llama',
      architectures: ['LlamaForCausalLM'],
      hidden_size: 768,
      intermediate_size: 2048,
      vocab_size: 32000,
      num_hidden_layers: 12,
      num_attention_heads: 12,
      num_key_value_heads: 4,
      max_position_embeddings: 2048,
      rms_norm_eps: 1e-5,
      rope_theta: 10000,
      tie_word_embeddings: false,
    },
  },
} as const satisfies Record<string, CatalogueEntry>
