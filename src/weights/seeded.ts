/** Weights that nobody trained: any model at any size from a seed, the same everywhere. */
import { createHash } from 'node:crypto'
import { BYTES_PER_ELEMENT, elementCount } from '../tensor.ts'
import { convertBytes, type FloatType } from './convert.ts'
import { normalQuantiles, QUANTILES } from './normal.ts'
import { type PhiloxKey, philox } from './philox.ts'
import type { WeightInfo, WeightSource } from './source.ts'

/** How one weight is filled; `scale` is the standard deviation of `normal`, and `range` is 0, 1, 2 and so on. */
export interface SeededWeight {
  readonly shape: readonly number[]
  readonly init: 'normal' | 'ones' | 'zeros' | 'range'
  readonly scale?: number
}

/** initializer_range of BERT, GPT-2 and Llama in Hugging Face's configs. */
const DEFAULT_SCALE = 0.02

/** One Philox block is four words, and every 16 bits of it make one value. */
const VALUES_PER_BLOCK = 8
const SCRATCH_BLOCKS = 2048

/** One of 2^64 substreams for each name: the first 64 bits of its sha256. */
function streamOf(name: string): readonly [number, number] {
  const hash = createHash('sha256').update(name).digest()
  return [hash.readUInt32LE(0), hash.readUInt32LE(4)]
}

function seedKey(seed: number): PhiloxKey {
  if (!Number.isSafeInteger(seed) || seed < 0) throw new RangeError(`a seed is a non-negative integer, not ${seed}`)
  return [seed >>> 0, Math.floor(seed / 2 ** 32)]
}

/** The quantiles times a scale in a weight's own type, as the bit patterns that are stored. */
function scaledTable(quantiles: Float64Array, scale: number, type: FloatType): Uint16Array | Uint32Array {
  const f32 = Float32Array.from(quantiles, quantile => quantile * scale)
  const bytes = convertBytes(new Uint8Array(f32.buffer), 'f32', type)
  return type === 'f32' ? new Uint32Array(bytes.buffer) : new Uint16Array(bytes.buffer, bytes.byteOffset, QUANTILES)
}

function onesTable(type: FloatType): Uint16Array | Uint32Array {
  const patterns = { f32: 0x3f800000, f16: 0x3c00, bf16: 0x3f80 } // 1.0
  return type === 'f32' ? Uint32Array.of(patterns.f32) : Uint16Array.of(patterns[type])
}

/** The whole numbers from `first` on. */
function fillRange(out: Uint16Array | Uint32Array, first: number, type: FloatType): void {
  const values = Float32Array.from(out, (_, at) => first + at)
  const bytes = convertBytes(new Uint8Array(values.buffer), 'f32', type)
  out.set(type === 'f32' ? new Uint32Array(bytes.buffer) : new Uint16Array(bytes.buffer, bytes.byteOffset, out.length))
}

/**
 * Random weights: value `i` of a weight is picked from the normal quantiles by bits [16 i, 16 i + 16) of a Philox
 * stream of its own (key: the seed; stream: the name), times `scale`, and rounded to `type`. So a weight depends on
 * its name, the seed and nothing else, any range of it can be read alone, and bf16 weights are the rounded fp32 ones.
 * `seed` is an integer in [0, 2^53).
 */
export function seededWeights(
  weights: ReadonlyMap<string, SeededWeight>,
  seed: number,
  options: { readonly type?: FloatType } = {},
): WeightSource {
  const type = options.type ?? 'f32'
  const elementBytes = BYTES_PER_ELEMENT[type]
  const key = seedKey(seed)
  const ones = onesTable(type)
  const scratch = new Uint32Array(SCRATCH_BLOCKS * 4)
  const halves = new Uint16Array(scratch.buffer)
  const tables = new Map<number, Uint16Array | Uint32Array>()
  let quantiles: Float64Array | null = null
  let buffer = new ArrayBuffer(0)

  const tableFor = (scale: number) => {
    let table = tables.get(scale)
    if (table === undefined) {
      quantiles ??= normalQuantiles()
      table = scaledTable(quantiles, scale, type)
      tables.set(scale, table)
    }
    return table
  }

  const fillNormal = (out: Uint16Array | Uint32Array, name: string, firstBlock: number, scale: number) => {
    const table = tableFor(scale)
    const [c2, c3] = streamOf(name)
    for (let done = 0; done < out.length; done += halves.length) {
      const block = firstBlock + done / VALUES_PER_BLOCK
      const count = Math.min(halves.length, out.length - done)
      philox(key, [block >>> 0, Math.floor(block / 2 ** 32), c2, c3], scratch.subarray(0, count / 2))
      for (let i = 0; i < count; i++) out[done + i] = table[halves[i] ?? 0] ?? 0
    }
  }

  return {
    weights: new Map([...weights].map(([name, { shape }]): [string, WeightInfo] => [name, { type, shape }])),
    read(name, offset, length) {
      const weight = weights.get(name)
      if (weight === undefined) throw new RangeError(`no weight '${name}'`)
      if (offset < 0 || length < 0 || offset + length > elementCount(weight.shape) * elementBytes)
        throw new RangeError(`bytes ${offset} to ${offset + length} are not all in '${name}' [${weight.shape}]`)
      const blockBytes = VALUES_PER_BLOCK * elementBytes
      const firstBlock = Math.floor(offset / blockBytes)
      const blocks = Math.ceil((offset + length) / blockBytes) - firstBlock
      if (buffer.byteLength < blocks * blockBytes) buffer = new ArrayBuffer(blocks * blockBytes)
      const count = blocks * VALUES_PER_BLOCK
      const out = type === 'f32' ? new Uint32Array(buffer, 0, count) : new Uint16Array(buffer, 0, count)
      if (weight.init === 'range') fillRange(out, firstBlock * VALUES_PER_BLOCK, type)
      else if (weight.init === 'normal') fillNormal(out, name, firstBlock, weight.scale ?? DEFAULT_SCALE)
      else out.fill(weight.init === 'ones' ? (ones[0] ?? 0) : 0)
      return new Uint8Array(buffer, offset - firstBlock * blockBytes, length)
    },
    close() {
      buffer = new ArrayBuffer(0)
      tables.clear()
    },
  }
}
