/** A model as a Hugging Face directory: what any other framework loads. Seeded models become checkpoints this way. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BYTES_PER_ELEMENT, elementCount } from '../tensor.ts'
import { asWanted } from '../weights/published.ts'
import { type SafetensorsEntry, writeShardedSafetensors } from '../weights/safetensors-write.ts'
import type { WeightInfo, WeightSource } from '../weights/source.ts'
import { buildOnce } from './build-once.ts'
import { checkRoom } from './disk.ts'
import type { TracedModel } from './model.ts'

/** As transformers cuts checkpoints. */
const SHARD_BYTES = 5e9
const PIECE_BYTES = 4 << 20

function byteLength({ type, shape }: WeightInfo): number {
  return elementCount(shape) * BYTES_PER_ELEMENT[type]
}

/** Bytes of a model's weights as its checkpoint has them. */
function bytesOf({ graph }: TracedModel, weights: WeightSource): number {
  return [...graph.weights.keys()].reduce((sum, name) => {
    const info = weights.weights.get(name)
    return sum + (info ? byteLength(info) : 0)
  }, 0)
}

function* entriesOf(model: TracedModel, weights: WeightSource): Generator<SafetensorsEntry> {
  for (const name of model.graph.weights.keys()) {
    const info = weights.weights.get(name)
    if (!info) throw new Error(`the weights have no ${name}`)
    const totalBytes = byteLength(info)
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

/** torch's names of the types; transformers before 5 reads `torch_dtype` alone, and later ones read both. */
const TORCH_TYPES: Readonly<Record<string, string>> = { f32: 'float32', f16: 'float16', bf16: 'bfloat16' }

/** What the config says of the weights' type, where it does not say so already. */
function storedType(model: TracedModel): Readonly<Record<string, string>> {
  if ('dtype' in model.config || 'torch_dtype' in model.config) return {}
  const weights = model.openWeights()
  try {
    const types = new Set(Array.from(weights.weights.values(), ({ type }) => TORCH_TYPES[type]))
    const [only] = types
    return { torch_dtype: types.size === 1 && only !== undefined ? only : 'float32' }
  } finally {
    weights.close()
  }
}

/** Writes config.json, the weights, and whatever tokenizer files the model has, into a directory. Throws AssayError, for a full disk before it writes. */
export function exportCheckpoint(model: TracedModel, directory: string): void {
  const weights = asWanted(model.openWeights(), model.graph.weights) // turned back to how it is published
  try {
    checkRoom(directory, bytesOf(model, weights))
    mkdirSync(directory, { recursive: true })
    writeShardedSafetensors(directory, entriesOf(model, weights), SHARD_BYTES)
  } finally {
    weights.close()
  }
  const config = { ...storedType(model), ...model.config }
  writeFileSync(join(directory, 'config.json'), `${JSON.stringify(config, null, 2)}\n`)
  const { directory: source } = model
  if (source === null) return
  const companions = readdirSync(source).filter(name =>
    /^(tokenizer|generation_config|special_tokens|chat_template|vocab|merges|preprocessor_config)/.test(name),
  )
  for (const name of companions)
    if (!existsSync(join(directory, name))) copyFileSync(join(source, name), join(directory, name))
}

/** Written last, so that a folder which has it is whole. */
const WHOLE = 'config.json'

const isWhole = (folder: string) => existsSync(join(folder, WHOLE))

/** Bytes that `checkpointOf` would write: none where there is a directory. */
export function bytesToExport(model: TracedModel, home: string): number {
  if (model.directory !== null || isWhole(cacheFolder(model, home))) return 0
  const weights = model.openWeights()
  try {
    return bytesOf(model, weights)
  } finally {
    weights.close()
  }
}

function cacheFolder({ fingerprint }: TracedModel, home: string): string {
  return join(home, 'checkpoints', fingerprint.slice(0, 32))
}

/** A model's directory, for an engine that takes such; a model of seeded weights gets one in the cache. Throws AssayError, for a full disk before it writes. */
export function checkpointOf(model: TracedModel, home: string): string {
  if (model.directory !== null) return model.directory
  const folder = cacheFolder(model, home)
  buildOnce(folder, isWhole, building => exportCheckpoint(model, building))
  return folder
}
