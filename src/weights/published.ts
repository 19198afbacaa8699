/** A checkpoint under the names and in the layout that an architecture declares. */
import { BYTES_PER_ELEMENT, elementCount } from '../tensor.ts'
import type { WeightInfo, WeightSource } from './source.ts'

/** What is asked of a checkpoint: names, and which matrices are published as [inFeatures, outFeatures]. */
export type Wanted = ReadonlyMap<string, { readonly isTransposed?: true }>

/** The matrix that was turned last; its rows are read in pieces, one after the other. */
interface Turned {
  readonly name: string
  readonly bytes: Uint8Array
}

/**
 * Presents a source as an architecture wants it. A model that was saved without its head lacks the first part of each name
 * (`wte.weight` for `transformer.wte.weight`: transformers' base_model_prefix); a transposed matrix is turned, whole, when it is
 * first read.
 */
export function asWanted(source: WeightSource, wanted: Wanted): WeightSource {
  const published = new Map(Array.from(wanted.keys(), name => [name, publishedName(source, name)] as const))
  let turned: Turned | null = null
  const weights = new Map<string, WeightInfo>()
  for (const [name, { isTransposed }] of wanted) {
    const info = source.weights.get(published.get(name) ?? name)
    if (info) weights.set(name, isTransposed ? { ...info, shape: info.shape.toReversed() } : info)
  }
  return {
    weights,
    read(name, offset, length) {
      const stored = published.get(name) ?? name
      if (!wanted.get(name)?.isTransposed) return source.read(stored, offset, length)
      if (turned?.name !== name) turned = { name, bytes: transpose(source, stored) }
      return turned.bytes.subarray(offset, offset + length)
    },
    close() {
      turned = null
      source.close()
    },
  }
}

function publishedName({ weights }: WeightSource, name: string): string {
  const bare = name.slice(name.indexOf('.') + 1)
  return !weights.has(name) && weights.has(bare) ? bare : name
}

/** A [rows, columns] matrix of the source as the bytes of [columns, rows]. */
function transpose(source: WeightSource, name: string): Uint8Array {
  const info = source.weights.get(name)
  const [rows, columns] = info?.shape ?? []
  if (!info || rows === undefined || columns === undefined) throw new Error(`${name} is no matrix`)
  const size = BYTES_PER_ELEMENT[info.type]
  const totalBytes = elementCount(info.shape) * size
  const from = new Uint8Array(totalBytes)
  from.set(source.read(name, 0, totalBytes))
  const to = new Uint8Array(totalBytes)
  const [read, written] = size === 4 ? [words(from), words(to)] : [halves(from), halves(to)]
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) written[column * rows + row] = read[row * columns + column] ?? 0
  return to
}

const words = (bytes: Uint8Array) => new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
const halves = (bytes: Uint8Array) => new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2)
