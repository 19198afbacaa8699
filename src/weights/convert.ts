/**
 * Conversions between the floating-point types of weights, chunk by chunk, rounding to nearest, ties to even
 * (IEEE 754-2019, 4.3.1). Subnormals are kept, overflow gives infinity, NaN stays NaN with its sign.
 */
import { BYTES_PER_ELEMENT } from '../tensor.ts'

export type FloatType = 'f32' | 'f16' | 'bf16'

/** fp32 bit patterns to bfloat16: the upper half, rounded. */
function roundToBf16(words: Uint32Array, out: Uint16Array): void {
  for (let i = 0; i < out.length; i++) {
    const bits = words[i] ?? 0
    const isNan = (bits & 0x7fffffff) > 0x7f800000
    // Adding just under half, plus one if the last kept bit is odd, carries exactly where nearest-even rounds up.
    out[i] = isNan ? (bits >>> 16) | 0x40 : (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16
  }
}

function widenBf16(halves: Uint16Array, out: Uint32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = (halves[i] ?? 0) << 16
}

function widenF16(halves: Float16Array, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = halves[i] ?? 0
}

/** Converts `count` elements that start at byte 0 of `source`, one of the two types being fp32. */
function throughFp32(source: ArrayBuffer, from: FloatType, target: ArrayBuffer, to: FloatType, count: number): void {
  if (from === 'bf16') widenBf16(new Uint16Array(source, 0, count), new Uint32Array(target, 0, count))
  else if (from === 'f16') widenF16(new Float16Array(source, 0, count), new Float32Array(target, 0, count))
  else if (to === 'bf16') roundToBf16(new Uint32Array(source, 0, count), new Uint16Array(target, 0, count))
  // The language rounds as IEEE 754 asks: ECMA-262, NumericToRawBytes.
  else new Float16Array(target, 0, count).set(new Float32Array(source, 0, count))
}

const PATTERNS = 65536
const tables = new Map<FloatType, Uint16Array>()

/** Every pattern of a 16-bit type in the other one; looking them up takes a fifth of the time of widening and rounding. */
function tableFrom(from: 'f16' | 'bf16'): Uint16Array {
  const known = tables.get(from)
  if (known) return known
  const patterns = Uint16Array.from({ length: PATTERNS }, (_, pattern) => pattern)
  const wide = new ArrayBuffer(PATTERNS * 4)
  const table = new Uint16Array(PATTERNS)
  throughFp32(patterns.buffer, from, wide, 'f32', PATTERNS)
  throughFp32(wide, 'f32', table.buffer, from === 'f16' ? 'bf16' : 'f16', PATTERNS)
  tables.set(from, table)
  return table
}

function lookUp(halves: Uint16Array, table: Uint16Array, out: Uint16Array): void {
  for (let i = 0; i < out.length; i++) out[i] = table[halves[i] ?? 0] ?? 0
}

/** Converts `count` elements that start at byte 0 of `source` into byte 0 of `target`. */
function convert(source: ArrayBuffer, from: FloatType, target: ArrayBuffer, to: FloatType, count: number): void {
  if (from === 'f32' || to === 'f32') throughFp32(source, from, target, to, count)
  else lookUp(new Uint16Array(source, 0, count), tableFrom(from), new Uint16Array(target, 0, count))
}

/** 256 KiB of fp32: as much as a processor's second cache holds beside what comes out. */
const BLOCK_ELEMENTS = 1 << 16

/**
 * Converts a stream of little-endian elements, cut anywhere, to another type; pieces of at most `blockElements` come out.
 * A piece that comes out is only good until the next is asked for. Throws RangeError if the stream ends within an element.
 */
export function* convertChunks(
  chunks: Iterable<Uint8Array>,
  from: FloatType,
  to: FloatType,
  blockElements = BLOCK_ELEMENTS,
): Generator<Uint8Array> {
  if (from === to) return yield* chunks
  const size = BYTES_PER_ELEMENT[from]
  const source = new Uint8Array(blockElements * size)
  const target = new ArrayBuffer(blockElements * BYTES_PER_ELEMENT[to])
  let pending = 0 // bytes in `source`
  const flush = () => {
    const count = pending / size
    convert(source.buffer, from, target, to, count)
    pending = 0
    return new Uint8Array(target, 0, count * BYTES_PER_ELEMENT[to])
  }
  for (const chunk of chunks) {
    for (let done = 0; done < chunk.length; ) {
      const part = chunk.subarray(done, done + source.length - pending)
      source.set(part, pending)
      pending += part.length
      done += part.length
      if (pending === source.length) yield flush()
    }
  }
  if (pending % size !== 0) throw new RangeError(`the stream of ${from} values ends within an element`)
  if (pending > 0) yield flush()
}

/** Converts elements that are in memory; a new array, except where the types are the same. */
export function convertBytes(bytes: Uint8Array, from: FloatType, to: FloatType): Uint8Array {
  if (from === to) return bytes
  const count = bytes.length / BYTES_PER_ELEMENT[from]
  const out = new Uint8Array(count * BYTES_PER_ELEMENT[to])
  let filled = 0
  // Filters come by the thousand, some of nine elements: a block of the usual size for each would cost more than all the rest.
  for (const piece of convertChunks([bytes], from, to, Math.max(1, Math.min(Math.ceil(count), BLOCK_ELEMENTS)))) {
    out.set(piece, filled)
    filled += piece.length
  }
  return out
}
