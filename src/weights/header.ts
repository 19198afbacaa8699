/** The header of a safetensors file: https://github.com/huggingface/safetensors#format */
import { z } from 'zod'
import { AssayError } from '../errors.ts'
import { BYTES_PER_ELEMENT, type ElementType, elementCount } from '../tensor.ts'
import { duplicateKey } from './json-keys.ts'
import type { WeightInfo } from './source.ts'

/** MAX_HEADER_SIZE of the reference implementation, safetensors/src/tensor.rs. */
export const MAX_HEADER_BYTES = 100_000_000

/** Where a tensor's bytes lie in its file. */
export interface TensorRange extends WeightInfo {
  /** From the start of the file. */
  readonly offset: number
  readonly length: number
}

export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, TensorRange>
  readonly metadata: Readonly<Record<string, string>>
}

const size = z.int().nonnegative()
const Entry = z.strictObject({ dtype: z.string(), shape: z.array(size), data_offsets: z.tuple([size, size]) })
/** Any object of strings, kept as it is: z.record would leave out a key named `__proto__`. */
const Metadata = z.custom<Record<string, string>>(
  value =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every(text => typeof text === 'string'),
)
const FOREIGN_DTYPES = [
  'F4',
  'F6_E2M3',
  'F6_E3M2',
  'F8_E4M3',
  'F8_E4M3FNUZ',
  'F8_E5M2',
  'F8_E5M2FNUZ',
  'F8_E8M0',
  'C64',
]

function isElementType(name: string): name is ElementType {
  return Object.hasOwn(BYTES_PER_ELEMENT, name)
}

function elementType(dtype: string, where: string): ElementType {
  const type = dtype.toLowerCase()
  if (dtype === dtype.toUpperCase() && isElementType(type)) return type
  if (!FOREIGN_DTYPES.includes(dtype)) throw new AssayError('weights-invalid', `unknown dtype '${dtype}'`, { where })
  throw new AssayError('weights-invalid', `dtype ${dtype} is not supported`, {
    where,
    hint: `convert the weights to one of ${Object.keys(BYTES_PER_ELEMENT).join(', ').toUpperCase()}`,
  })
}

function parseEntry(value: unknown, dataStart: number, where: string): TensorRange {
  const entry = Entry.safeParse(value)
  if (!entry.success)
    throw new AssayError('weights-invalid', `the entry is malformed: ${z.prettifyError(entry.error)}`, { where })
  const { dtype, shape, data_offsets: offsets } = entry.data
  const type = elementType(dtype, where)
  const length = offsets[1] - offsets[0]
  const needed = elementCount(shape) * BYTES_PER_ELEMENT[type]
  if (length !== needed)
    throw new AssayError('weights-invalid', `${dtype} [${shape}] takes ${needed} bytes, its offsets span ${length}`, {
      where,
    })
  return { type, shape, offset: dataStart + offsets[0], length }
}

/** Tensors must tile the data: no overlap, no hole, nothing before, nothing behind. */
function checkTiling(tensors: ReadonlyMap<string, TensorRange>, dataStart: number, fileBytes: number, path: string) {
  const byPlace = [...tensors].sort(([, a], [, b]) => a.offset - b.offset || a.length - b.length)
  let end = dataStart
  for (const [name, { offset, length }] of byPlace) {
    const where = `${path}: ${name}`
    if (offset < end) throw new AssayError('weights-invalid', 'the tensor overlaps the one before it', { where })
    if (offset > end) throw new AssayError('weights-invalid', `${offset - end} unused bytes before it`, { where })
    end = offset + length
    if (end > fileBytes)
      throw new AssayError('weights-invalid', `the tensor ends ${end - fileBytes} bytes after the file's end`, {
        where,
        hint: 'the file is truncated: copy or download it again',
      })
  }
  if (end !== fileBytes)
    throw new AssayError('weights-invalid', `${fileBytes - end} bytes belong to no tensor`, { where: path })
}

/** Parses the JSON of a header whose data starts at byte `dataStart` of a file of `fileBytes`. */
export function parseHeader(json: Uint8Array, dataStart: number, fileBytes: number, path: string): SafetensorsHeader {
  let text: string
  let parsed: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(json)
    parsed = JSON.parse(text)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new AssayError('weights-invalid', `the header is not JSON: ${reason}`, { where: path })
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new AssayError('weights-invalid', 'the header is not a JSON object', { where: path })
  const repeated = duplicateKey(text)
  if (repeated !== null)
    throw new AssayError('weights-invalid', `the header names '${repeated}' twice`, { where: path })

  const tensors = new Map<string, TensorRange>()
  let metadata: Record<string, string> = {}
  for (const [name, value] of Object.entries(parsed)) {
    const where = `${path}: ${name}`
    if (name !== '__metadata__') {
      tensors.set(name, parseEntry(value, dataStart, where))
      continue
    }
    const strings = Metadata.safeParse(value)
    if (!strings.success) throw new AssayError('weights-invalid', 'the metadata holds more than strings', { where })
    metadata = strings.data
  }
  checkTiling(tensors, dataStart, fileBytes, path)
  return { tensors, metadata }
}
