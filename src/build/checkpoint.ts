/** A model as a Hugging Face directory: what any other framework loads. Seeded models become checkpoints this way. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BYTES_PER_ELEMENT, elementCount } from '../tensor.ts'
import { type SafetensorsEntry, writeShardedSafetensors } from '../weights/safetensors-write.ts'
import type { WeightSource } from '../weights/source.ts'
import type { LanguageModel } from './model.ts'

/** As transformers cuts checkpoints. */
const SHARD_BYTES = 5e9
const PIECE_BYTES = 4 << 20

function* entriesOf(model: LanguageModel, weights: WeightSource): Generator<SafetensorsEntry> {
  for (const name of model.graph.weights.keys()) {
    const info = weights.weights.get(name)
    if (!info) throw new Error(`the weights have no ${name}`)
    const totalBytes = elementCount(info.shape) * BYTES_PER_ELEMENT[info.type]
    yield {
      name,
      ...info,
      *chunks() {
        for (let offset = 0; offset < totalBytes; offset += PIECE_BYTES)
          yield weights.read(name, offset, Math.min(PIECE_BYTES, totalBytes - offset))
      },
    }
  }
}

/** Writes config.json, the weights, and whatever tokenizer files the model has, into a directory. */
export function exportCheckpoint(model: LanguageModel, directory: string): void {
  mkdirSync(directory, { recursive: true })
  const weights = model.openWeights()
  try {
    writeShardedSafetensors(directory, entriesOf(model, weights), SHARD_BYTES)
  } finally {
    weights.close()
  }
  const config = { architectures: ['LlamaForCausalLM'], torch_dtype: 'float32', ...model.config }
  writeFileSync(join(directory, 'config.json'), `${JSON.stringify(config, null, 2)}\n`)
  const { directory: source } = model
  if (source === null) return
  const companions = readdirSync(source).filter(name =>
    /^(tokenizer|generation_config|special_tokens|chat_template|vocab|merges)/.test(name),
  )
  for (const name of companions)
    if (!existsSync(join(directory, name))) copyFileSync(join(source, name), join(directory, name))
}
