/** Small checkpoints with seeded weights, made where a test needs them. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { traceConfig } from '../src/build/config.ts'
import { type LanguageModel, openModel } from '../src/build/model.ts'
import type { LanguageGraph } from '../src/graph/index.ts'
import { BYTES_PER_ELEMENT, elementCount } from '../src/tensor.ts'
import type { FloatType } from '../src/weights/convert.ts'
import { asWanted } from '../src/weights/published.ts'
import { writeShardedSafetensors } from '../src/weights/safetensors-write.ts'
import { seededWeights } from '../src/weights/seeded.ts'

/** Two layers, 4 query heads of 16 over 2 kv heads: fusable, and every width a multiple of int8's blocks. */
export const TINY_CONFIG = {
  model_type: 'llama',
  hidden_size: 64,
  intermediate_size: 128,
  vocab_size: 96,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 16,
  max_position_embeddings: 96,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  tie_word_embeddings: false,
} as const

/** The same model in the features of the other families, over `TINY_CONFIG`. */
export const TINY_FAMILIES = {
  mistral: { model_type: 'mistral', sliding_window: 7 },
  qwen2: { model_type: 'qwen2', use_sliding_window: true, sliding_window: 7, max_window_layers: 1 },
  qwen3: { model_type: 'qwen3' },
  'gpt_neox with a parallel residual': { model_type: 'gpt_neox', num_attention_heads: 2, rotary_pct: 0.5 },
  'gpt_neox with a serial residual': {
    model_type: 'gpt_neox',
    num_attention_heads: 4,
    rotary_pct: 0.25,
    use_parallel_residual: false,
  },
  gpt2: { model_type: 'gpt2', n_embd: 64, n_head: 4, n_layer: 2, n_positions: 96 },
} as const satisfies Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** Writes a checkpoint whose matrices keep the size of what goes through them, so that no layer is lost in the sum. */
export function writeCheckpoint(
  directory: string,
  overrides: Readonly<Record<string, unknown>> = {},
  type: FloatType = 'f32',
): void {
  const config = { ...TINY_CONFIG, ...overrides }
  const { weights: declared } = traceConfig(config, directory)
  const used = seededWeights(
    new Map(
      Array.from(declared, ([name, { shape, role }]) => {
        const init = role === 'norm' ? ('ones' as const) : ('normal' as const)
        return [name, { shape, init, scale: /embed|wte|wpe/.test(name) ? 1 : (shape.at(-1) ?? 1) ** -0.5 }]
      }),
    ),
    7,
    { type },
  )
  const weights = asWanted(used, declared) // turning them back gives what is published
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'config.json'), JSON.stringify(config))
  const entries = Array.from(weights.weights, ([name, info]) => ({
    name,
    ...info,
    chunks: () => [weights.read(name, 0, elementCount(info.shape) * BYTES_PER_ELEMENT[info.type]).slice()],
  }))
  writeShardedSafetensors(directory, entries, 1e9)
}

/** The graph of a language model's config. */
export function traceLanguage(config: Readonly<Record<string, unknown>>, where = 'config.json'): LanguageGraph {
  const graph = traceConfig(config, where)
  if (graph.kind !== 'language') throw new Error(`${where} describes no language model`)
  return graph
}

export function openLanguageModel(directory: string): LanguageModel {
  const model = openModel(directory)
  if (model.kind !== 'llm') throw new Error(`${directory} holds no language model`)
  return model
}

export function tinyModel(directory: string, overrides: Readonly<Record<string, unknown>> = {}): LanguageModel {
  writeCheckpoint(directory, overrides)
  return openLanguageModel(directory)
}
