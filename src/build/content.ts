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
      for (const name of content.names) for (const rows of floatRows(weights, name)) yield quantiseRows(rows)
      return
    case 'int8-scales':
      for (const name of content.names) {
        const scales = Array.from(floatRows(weights, name), rowScales).flatMap(piece => Array.from(piece))
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

/** Some whole rows of a matrix, fp32. */
interface Rows {
  readonly values: Float32Array
  readonly columns: number
}

/** A matrix as whole rows in fp32, a few MB at a time, each good until the next. */
function* floatRows(weights: WeightSource, name: string): Generator<Rows> {
  const { type, shape } = floatWeight(weights, name)
  const columns = elementCount(shape.slice(1))
  const rowBytes = columns * BYTES_PER_ELEMENT[type]
  const pieceBytes = Math.max(rowBytes, Math.floor(PIECE_BYTES / rowBytes) * rowBytes)
  for (const chunk of rawChunks(weights, name, elementCount(shape) * BYTES_PER_ELEMENT[type], pieceBytes)) {
    const count = chunk.byteLength / BYTES_PER_ELEMENT[type]
    yield { values: toFloat32({ type, shape: [count], bytes: chunk }), columns }
  }
}

/** The step of each row's int8 levels: its largest magnitude is level 127. A row of zeros has step 1. */
function rowScales({ values, columns }: Rows): Float32Array {
  const scales = new Float32Array(values.length / columns)
  for (let row = 0; row < scales.length; row++) {
    let largest = 0
    const end = (row + 1) * columns
    for (let i = row * columns; i < end; i++) largest = Math.max(largest, Math.abs(values[i] ?? 0))
    scales[row] = largest === 0 ? 1 : largest / 127
  }
  return scales
}

/** Adding and taking away 1.5 * 2^23 in fp32 rounds half to even, as ONNX's QuantizeLinear does. */
const ROUND = 12_582_912

function quantiseRows(rows: Rows): Uint8Array {
  const { values, columns } = rows
  const scales = rowScales(rows)
  const levels = new Uint8Array(values.length)
  for (let row = 0; row < scales.length; row++) {
    const scale = scales[row] ?? 1
    const end = (row + 1) * columns
    for (let i = row * columns; i < end; i++) {
      const level = Math.fround(Math.fround((values[i] ?? 0) / scale) + ROUND) - ROUND
      levels[i] = Math.max(-127, Math.min(127, level)) + 128
    }
  }
  return levels
}
