/** A checkpoint under the names and in the layout that an architecture declares. */
import { BYTES_PER_ELEMENT, elementCount } from '../tensor.ts'
import type { WeightInfo, WeightSource } from './source.ts'

/** What is asked of a checkpoint: names, and which matrices are published as [inFeatures, outFeatures]. */
export type Wanted = ReadonlyMap<string, { readonly isTransposed?: true }>

/** Where a weight is published: under a name, or as one of equal parts of a larger one along its first axis. */
interface Place {
  readonly name: string
  readonly part?: { readonly index: number; readonly of: number }
}

/** Another way to publish the same weights; null for one that it does not know. */
type Layout = (name: string) => Place | null

/** The matrix that was turned last; its rows are read in pieces, one after the other. */
interface Turned {
  readonly name: string
  readonly bytes: Uint8Array
}

/**
 * Presents a source as an architecture wants it: under its own names, or in the first of `layouts` that the source has whole. A model
 * that was saved without its head lacks the first part of each name (`wte.weight` for `transformer.wte.weight`: transformers'
 * base_model_prefix); a transposed matrix is turned, whole, when it is first read.
 */
export function asWanted(source: WeightSource, wanted: Wanted, layouts: readonly Layout[] = []): WeightSource {
  const own: Layout = name => ({ name: publishedName(source, name) })
  const has = (layout: Layout) => [...wanted.keys()].every(name => source.weights.has(layout(name)?.name ?? ''))
  const layout = [own, ...layouts].find(has) ?? own
  const places = new Map(Array.from(wanted.keys(), name => [name, layout(name) ?? { name }] as const))
  let turned: Turned | null = null
  const weights = new Map<string, WeightInfo>()
  for (const [name, { isTransposed }] of wanted) {
    const info = partInfo(source, places.get(name) ?? { name })
    if (info) weights.set(name, isTransposed ? { ...info, shape: info.shape.toReversed() } : info)
  }
  return {
    weights,
    read(name, offset, length) {
      const place = places.get(name) ?? { name }
      if (!wanted.get(name)?.isTransposed) return source.read(place.name, partOffset(source, place) + offset, length)
      if (turned?.name !== name) turned = { name, bytes: transpose(source, place.name) }
      return turned.bytes.subarray(offset, offset + length)
    },
    close() {
      turned = null
      source.close()
    },
  }
}

/** A weight, or the part of it that is meant; undefined where there is none, or no whole number of rows in a part. */
function partInfo({ weights }: WeightSource, { name, part }: Place): WeightInfo | undefined {
  const info = weights.get(name)
  if (!info || !part) return info
  const [rows = 0, ...rest] = info.shape
  return rows % part.of === 0 ? { ...info, shape: [rows / part.of, ...rest] } : undefined
}

function partOffset(source: WeightSource, place: Place): number {
  const info = partInfo(source, place)
  return info && place.part ? place.part.index * elementCount(info.shape) * BYTES_PER_ELEMENT[info.type] : 0
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
