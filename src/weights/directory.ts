/** A Hugging Face model directory as one source of weights. */
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { AssayError } from '../errors.ts'
import { duplicateKey } from './json-keys.ts'
import { openSafetensors, type SafetensorsFile } from './safetensors.ts'
import type { WeightSource } from './source.ts'

const Index = z.looseObject({ weight_map: z.record(z.string(), z.string()) })

/** Which shard each weight is in, by `model.safetensors.index.json`. */
function readIndex(path: string): ReadonlyMap<string, string> {
  const text = readFileSync(path, 'utf8')
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new AssayError('weights-invalid', `the index is not JSON: ${reason}`, { where: path })
  }
  const repeated = duplicateKey(text)
  if (repeated !== null) throw new AssayError('weights-invalid', `the index names '${repeated}' twice`, { where: path })
  const index = Index.safeParse(parsed)
  if (!index.success)
    throw new AssayError('weights-invalid', `not an index: ${z.prettifyError(index.error)}`, { where: path })
  const weightMap = new Map(Object.entries(index.data.weight_map))
  for (const [name, shard] of weightMap)
    if (shard !== basename(shard) || shard === '..' || shard.includes('\\'))
      throw new AssayError('weights-invalid', `the index leads out of its folder: '${shard}'`, {
        where: `${path}: ${name}`,
      })
  return weightMap
}

/** Every weight must be in the shard that the index names, and in no other. */
function checkIndex(
  indexPath: string,
  index: ReadonlyMap<string, string>,
  shards: ReadonlyMap<string, SafetensorsFile>,
) {
  for (const [name, shard] of index)
    if (!shards.get(shard)?.tensors.has(name))
      throw new AssayError('weights-invalid', `the index says that '${name}' is in ${shard}, but it is not`, {
        where: indexPath,
      })
  for (const [shard, file] of shards)
    for (const name of file.tensors.keys())
      if (index.get(name) !== shard)
        throw new AssayError('weights-invalid', `${shard} holds '${name}', which the index puts elsewhere or omits`, {
          where: indexPath,
        })
}

function openShards(directory: string): readonly SafetensorsFile[] {
  const single = join(directory, 'model.safetensors')
  if (existsSync(single)) return [openSafetensors(single)]
  const indexPath = join(directory, 'model.safetensors.index.json')
  if (!existsSync(indexPath))
    throw new AssayError('weights-invalid', 'no model.safetensors and no model.safetensors.index.json', {
      where: directory,
      hint: 'give a Hugging Face model directory; save other formats with save_pretrained(..., safe_serialization=True)',
    })
  const index = readIndex(indexPath)
  const shards = new Map<string, SafetensorsFile>()
  try {
    for (const shard of new Set(index.values())) {
      const path = join(directory, shard)
      if (!existsSync(path))
        throw new AssayError('weights-invalid', `the index names ${shard}, which is not there`, { where: indexPath })
      shards.set(shard, openSafetensors(path))
    }
    checkIndex(indexPath, index, shards)
  } catch (error) {
    for (const file of shards.values()) file.close()
    throw error
  }
  return [...shards.values()]
}

/**
 * The weights of a Hugging Face directory: `model.safetensors`, or the shards of `model.safetensors.index.json`.
 * Reads go straight from the files into one buffer that is used again; nothing else is held.
 * Throws AssayError('weights-invalid') with the file and the weight.
 */
export function openWeights(directory: string): WeightSource {
  const files = openShards(directory)
  const owners = new Map(files.flatMap(file => [...file.tensors.keys()].map(name => [name, file] as const)))
  let buffer = new Uint8Array(0)
  return {
    weights: new Map(files.flatMap(file => [...file.tensors])),
    read(name, offset, length) {
      const file = owners.get(name)
      if (file === undefined) throw new RangeError(`no weight '${name}' in ${directory}`)
      if (buffer.length < length) buffer = new Uint8Array(length)
      const bytes = buffer.subarray(0, length)
      file.read(name, offset, bytes)
      return bytes
    },
    close: () => {
      for (const file of files) file.close()
    },
  }
}
