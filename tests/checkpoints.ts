/** Small Llama checkpoints with seeded weights, made where a test needs them. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { traceConfig } from '../src/build/config.ts'
import { type LanguageModel, openModel } from '../src/build/model.ts'
import { BYTES_PER_ELEMENT, elementCount } from '../src/tensor.ts'
import type { FloatType } from '../src/weights/convert.ts'
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

/** Writes a checkpoint whose matrices keep the size of what goes through them, so that no layer is lost in the sum. */
export function writeCheckpoint(
  directory: string,
  overrides: Readonly<Record<string, unknown>> = {},
  type: FloatType = 'f32',
): void {
  const config = { ...TINY_CONFIG, ...overrides }
  const { weights: declared } = traceConfig(config, directory)
  const weights = seededWeights(
    new Map(
      Array.from(declared, ([name, { shape, role }]) => {
        const init = role === 'norm' ? ('ones' as const) : ('normal' as const)
        return [name, { shape, init, scale: name.includes('embed') ? 1 : (shape.at(-1) ?? 1) ** -0.5 }]
      }),
    ),
    7,
    { type },
  )
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'config.json'), JSON.stringify(config))
  const entries = Array.from(weights.weights, ([name, info]) => ({
    name,
    ...info,
    chunks: () => [weights.read(name, 0, elementCount(info.shape) * BYTES_PER_ELEMENT[info.type]).slice()],
  }))
  writeShardedSafetensors(directory, entries, 1e9)
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
