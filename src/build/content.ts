/** The bytes of a lowered graph's constants, read from the weights piece by piece. */
import type { Content } from '../lower/index.ts'
import { BYTES_PER_ELEMENT, elementCount, toFloat32 } from '../tensor.ts'
import { convertBytes, convertChunks, type FloatType } from '../weights/convert.ts'
import type { WeightInfo, WeightSource } from '../weights/source.ts'

const PIECE_BYTES = 4 << 20

/** The bytes that a description stands for, in order. A chunk is only good until the next one is asked for. */
export function* contentChunks(content: Content, weights: WeightSource): Generator<Uint8Array> {
  switch (content.kind) {
    case 'values':
      yield content.tensor.bytes
      return
    case 'weights':
      for (const name of content.names) yield* floatChunks(weights, name, content.type)
      return
    case 'int8':
      for (const name of content.names)
        for (const row of floatRows(weights, name)) yield quantiseRow(row, content.store === 'offset' ? 128 : 0)
      return
    case 'int8-scales':
      for (const name of content.names) {
        const scales = Float32Array.from(floatRows(weights, name), rowScale)
        const repeated = new Float32Array(scales.length * content.repeat)
        for (const [row, scale] of scales.entries())
          repeated.fill(scale, row * content.repeat, (row + 1) * content.repeat)
        yield convertBytes(new Uint8Array(repeated.buffer), 'f32', content.type)
      }
      return
  }
}

function floatWeight(weights: WeightSource, name: string): WeightInfo & { readonly type: FloatType } {
  const info = weights.weights.get(name)
  if (!info) throw new Error(`the weights have no ${name}`)
  const { type } = info
  if (type !== 'f32' && type !== 'f16' && type !== 'bf16') throw new Error(`${name} is ${type}, not a float type`)
  return { type, shape: info.shape }
}

function* rawChunks(
  weights: WeightSource,
  name: string,
  totalBytes: number,
  pieceBytes: number,
): Generator<Uint8Array> {
  for (let offset = 0; offset < totalBytes; offset += pieceBytes)
    yield weights.read(name, offset, Math.min(pieceBytes, totalBytes - offset))
}

function floatChunks(weights: WeightSource, name: string, to: FloatType): Iterable<Uint8Array> {
  const { type, shape } = floatWeight(weights, name)
  const totalBytes = elementCount(shape) * BYTES_PER_ELEMENT[type]
  return convertChunks(rawChunks(weights, name, totalBytes, PIECE_BYTES), type, to)
}

/** The rows of a matrix in fp32, each good until the next. */
function* floatRows(weights: WeightSource, name: string): Generator<Float32Array> {
  const { type, shape } = floatWeight(weights, name)
  const columns = elementCount(shape.slice(1))
  const rowBytes = columns * BYTES_PER_ELEMENT[type]
  const pieceBytes = Math.max(rowBytes, Math.floor(PIECE_BYTES / rowBytes) * rowBytes)
  for (const chunk of rawChunks(weights, name, elementCount(shape) * BYTES_PER_ELEMENT[type], pieceBytes)) {
    const rows = chunk.byteLength / rowBytes
    const values = toFloat32({ type, shape: [rows, columns], bytes: chunk })
    for (let row = 0; row < rows; row++) yield values.subarray(row * columns, (row + 1) * columns)
  }
}

/** The step of a row's int8 levels: its largest magnitude is level 127. A row of zeros has step 1. */
function rowScale(row: Float32Array): number {
  let largest = 0
  for (const value of row) largest = Math.max(largest, Math.abs(value))
  return largest === 0 ? 1 : Math.fround(largest / 127)
}

function quantiseRow(row: Float32Array, offset: 0 | 128): Uint8Array {
  const scale = rowScale(row)
  const levels = new Uint8Array(row.length)
  for (let i = 0; i < row.length; i++) {
    const level = roundHalfToEven((row[i] ?? 0) / scale)
    levels[i] = Math.max(-127, Math.min(127, level)) + offset // a negative signed level wraps to its two's complement
  }
  return levels
}

/** As ONNX's QuantizeLinear rounds. */
function roundHalfToEven(value: number): number {
  const rounded = Math.round(value)
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded
}
