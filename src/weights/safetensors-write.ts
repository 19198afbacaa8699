/** Writing safetensors files, tensor by tensor and chunk by chunk. */
import { join } from 'node:path'
import { AssayError } from '../errors.ts'
import { BYTES_PER_ELEMENT, type ElementType, elementCount } from '../tensor.ts'
import { type Sink, writeAtomically } from './atomic.ts'
import type { WeightInfo } from './source.ts'

/** A tensor to be written. Its bytes are asked for once; a chunk is not kept after the next is asked for. */
export interface SafetensorsEntry extends WeightInfo {
  readonly name: string
  readonly chunks: () => Iterable<Uint8Array>
}

/**
 * The reference implementation writes wide types first, so that every tensor is aligned to its own element size,
 * and by name within a type; `Dtype` in safetensors/src/tensor.rs gives the order. Same order, same bytes.
 */
const TYPE_ORDER: readonly ElementType[] = [
  ...(['u64', 'i64', 'f64', 'f32', 'u32', 'i32'] as const),
  ...(['bf16', 'f16', 'u16', 'i16', 'i8', 'u8', 'bool'] as const),
]

function byteLength({ type, shape }: WeightInfo): number {
  return elementCount(shape) * BYTES_PER_ELEMENT[type]
}

function compareNames(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function inFileOrder(entries: Iterable<SafetensorsEntry>): SafetensorsEntry[] {
  return [...entries].sort(
    (a, b) => TYPE_ORDER.indexOf(a.type) - TYPE_ORDER.indexOf(b.type) || compareNames(a.name, b.name),
  )
}

function headerOf(entries: readonly SafetensorsEntry[], metadata: Readonly<Record<string, string>>): Uint8Array {
  const header = new Map<string, unknown>()
  if (Object.keys(metadata).length > 0) header.set('__metadata__', metadata)
  let end = 0
  for (const entry of entries) {
    if (header.has(entry.name) || entry.name === '__metadata__')
      throw new RangeError(`a safetensors file cannot have a second '${entry.name}'`)
    const start = end
    end += byteLength(entry)
    header.set(entry.name, { dtype: entry.type.toUpperCase(), shape: entry.shape, data_offsets: [start, end] })
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(header)))
  const padded = Buffer.alloc(Math.ceil(json.length / 8) * 8, ' ') // so that the data starts aligned
  padded.set(json)
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(padded.length))
  return Buffer.concat([length, padded])
}

function writeInto(
  sink: Sink,
  path: string,
  entries: Iterable<SafetensorsEntry>,
  metadata: Readonly<Record<string, string>>,
): void {
  const ordered = inFileOrder(entries)
  sink.write(headerOf(ordered, metadata))
  for (const entry of ordered) {
    const start = sink.position
    for (const chunk of entry.chunks()) sink.write(chunk)
    const written = sink.position - start
    if (written !== byteLength(entry))
      throw new AssayError(
        'weight-mismatch',
        `${entry.type} [${entry.shape}] takes ${byteLength(entry)} bytes, but ${written} came`,
        { where: `${path}: ${entry.name}` },
      )
  }
}

/**
 * Writes one safetensors file, streaming; it appears whole or not at all.
 * Throws AssayError('weight-mismatch') if an entry's chunks are not of its size, 'file-unwritable' if the disk refuses.
 */
export function writeSafetensors(
  path: string,
  entries: Iterable<SafetensorsEntry>,
  metadata: Readonly<Record<string, string>> = {},
): void {
  writeAtomically(open => writeInto(open(path), path, entries, metadata))
}

function shardsOf(entries: Iterable<SafetensorsEntry>, maxShardBytes: number): SafetensorsEntry[][] {
  const shards: SafetensorsEntry[][] = []
  let room = 0
  for (const entry of entries) {
    const shard = shards.at(-1)
    if (shard === undefined || byteLength(entry) > room) {
      shards.push([entry])
      room = maxShardBytes - byteLength(entry)
    } else {
      shard.push(entry)
      room -= byteLength(entry)
    }
  }
  return shards
}

/**
 * Writes a checkpoint as Hugging Face lays it out: `model.safetensors`, or shards of at most `maxShardBytes` of data
 * (one tensor at least) named `model-00001-of-00003.safetensors` with `model.safetensors.index.json` beside them.
 */
export function writeShardedSafetensors(
  directory: string,
  entries: Iterable<SafetensorsEntry>,
  maxShardBytes: number,
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): void {
  const shards = shardsOf(entries, maxShardBytes)
  const [only] = shards
  if (shards.length <= 1) {
    writeSafetensors(join(directory, 'model.safetensors'), only ?? [], metadata)
    return
  }
  const digits = (n: number) => String(n).padStart(5, '0')
  const weightMap: [string, string][] = []
  writeAtomically(open => {
    for (const [i, shard] of shards.entries()) {
      const name = `model-${digits(i + 1)}-of-${digits(shards.length)}.safetensors`
      const path = join(directory, name)
      writeInto(open(path), path, shard, metadata)
      weightMap.push(...shard.map(entry => [entry.name, name] as [string, string]))
    }
    const totalSize = shards.flat().reduce((sum, entry) => sum + byteLength(entry), 0)
    const index = { metadata: { total_size: totalSize }, weight_map: Object.fromEntries(weightMap) }
    open(join(directory, 'model.safetensors.index.json')).write(Buffer.from(`${JSON.stringify(index, null, 2)}\n`))
  })
}
