/** The bytes of a lowered graph's constants, read from the weights piece by piece. */
import { type BlockFormat, type BlockLayout, blocksOfRow, type Content } from '../lower/index.ts'
import { BYTES_PER_ELEMENT, elementCount, toFloat32 } from '../tensor.ts'
import { convertBytes, convertChunks, type FloatType } from '../weights/convert.ts'
import type { WeightInfo, WeightSource } from '../weights/source.ts'
import { type Blocks, quantiseBlocks } from './blocks.ts'
import { filterLevels, filterScales, foldedFilters, foldedShift } from './filters.ts'
import { packLevels } from './packing.ts'

const PIECE_BYTES = 4 << 20

/**
 * Gives the bytes that descriptions stand for. The scales and zeros of the matrix whose levels came last are kept, so that a
 * matrix whose constants are asked for one after the other is rounded once.
 */
export class ContentReader {
  readonly #weights: WeightSource
  #rounded: Rounded | null = null

  constructor(weights: WeightSource) {
    this.#weights = weights
  }

  /** The bytes of a description, in order. A chunk is only good until the next one is asked for. */
  *chunks(content: Content): Generator<Uint8Array> {
    switch (content.kind) {
      case 'values':
        yield content.tensor.bytes
        return
      case 'weights':
        for (const name of content.names) yield* floatChunks(this.#weights, name, content.type)
        return
      case 'foldedFilters':
        yield* foldedFilters(this.#weights, content)
        return
      case 'foldedShift':
        yield foldedShift(this.#weights, content)
        return
      case 'filterLevels':
        yield* filterLevels(this.#weights, content)
        return
      case 'filterScales':
        yield filterScales(this.#weights, content)
        return
      case 'levels':
        yield* this.#levels(content.names, content.format, content.layout)
        return
      case 'scales': {
        const { scales } = this.#roundedOf(content.names, content.format)
        for (const piece of scales) yield convertBytes(bytesOf(piece), 'f32', content.type)
        return
      }
      case 'zeros': {
        const { zeros, blocksPerRow } = this.#roundedOf(content.names, content.format)
        yield* packLevels(zeros, blocksPerRow, blocksPerRow, content.format, content.layout)
        return
      }
    }
  }

  *#levels(names: readonly string[], format: BlockFormat, layout: BlockLayout): Generator<Uint8Array> {
    const columns = columnsOf(this.#weights, names)
    const width = blocksOfRow(format, columns).all * format.block
    const own = format.hasOffsets ? width : columns
    yield* packLevels(this.#round(names, format), own, width, format, layout)
  }

  /** The levels of each piece of rows; once the last has come, the scales and zeros of all are kept. */
  *#round(names: readonly string[], format: BlockFormat): Generator<Uint8Array> {
    this.#rounded = null
    const scales: Float32Array[] = []
    const zeros: Uint8Array[] = []
    for (const name of names)
      for (const { values, columns } of floatRows(this.#weights, name)) {
        const blocks: Blocks = quantiseBlocks(values, columns, format)
        scales.push(blocks.scales)
        zeros.push(blocks.zeros)
        yield blocks.levels
      }
    const blocksPerRow = blocksOfRow(format, columnsOf(this.#weights, names)).all
    this.#rounded = { key: keyOf(names, format), scales, zeros, blocksPerRow }
  }

  #roundedOf(names: readonly string[], format: BlockFormat): Rounded {
    if (this.#rounded?.key !== keyOf(names, format)) for (const _ of this.#round(names, format));
    if (this.#rounded === null) throw new Error('nothing was rounded')
    return this.#rounded
  }
}

interface Rounded {
  readonly key: string
  readonly scales: readonly Float32Array[]
  readonly zeros: readonly Uint8Array[]
  readonly blocksPerRow: number
}

function keyOf(names: readonly string[], format: BlockFormat): string {
  return JSON.stringify([names, format])
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

function columnsOf(weights: WeightSource, [name = '']: readonly string[]): number {
  return elementCount(floatWeight(weights, name).shape.slice(1))
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
