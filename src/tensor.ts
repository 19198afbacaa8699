/** Element types that cross a boundary (a frame, a golden, a weight file), by their safetensors names in lower case. */
export const BYTES_PER_ELEMENT = {
  f64: 8,
  f32: 4,
  f16: 2,
  bf16: 2,
  i64: 8,
  i32: 4,
  i16: 2,
  i8: 1,
  u64: 8,
  u32: 4,
  u16: 2,
  u8: 1,
  bool: 1,
} as const

export type ElementType = keyof typeof BYTES_PER_ELEMENT

/** A tensor's values in this process: row-major, little-endian bytes. */
export interface TensorData {
  readonly type: ElementType
  readonly shape: readonly number[]
  readonly bytes: Uint8Array
}

export type NamedTensors = Readonly<Record<string, TensorData>>

/** The number of elements of a shape; 1 for a scalar's `[]`. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

function aligned(bytes: Uint8Array, size: number): Uint8Array {
  return bytes.byteOffset % size === 0 ? bytes : bytes.slice()
}

/** A tensor over the memory of a typed array, without a copy. */
export function tensorOf(
  shape: readonly number[],
  values: Float32Array | Float64Array | BigInt64Array | Int32Array | Uint8Array | Int8Array,
): TensorData {
  const type: ElementType =
    values instanceof Float32Array
      ? 'f32'
      : values instanceof Float64Array
        ? 'f64'
        : values instanceof BigInt64Array
          ? 'i64'
          : values instanceof Int32Array
            ? 'i32'
            : values instanceof Int8Array
              ? 'i8'
              : 'u8'
  if (elementCount(shape) !== values.length)
    throw new RangeError(`shape [${shape}] has ${elementCount(shape)} elements, not ${values.length}`)
  return { type, shape, bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) }
}

/** The values of any floating-point tensor as fp32; a view where the tensor is fp32 and aligned. */
export function toFloat32(tensor: TensorData): Float32Array {
  const count = elementCount(tensor.shape)
  const bytes = aligned(tensor.bytes, BYTES_PER_ELEMENT[tensor.type])
  const { buffer, byteOffset } = bytes
  switch (tensor.type) {
    case 'f32':
      return new Float32Array(buffer, byteOffset, count)
    case 'f64':
      return Float32Array.from(new Float64Array(buffer, byteOffset, count))
    case 'f16':
      return Float32Array.from(new Float16Array(buffer, byteOffset, count))
    case 'bf16': {
      // A bfloat16 is the upper half of a float32.
      const halves = new Uint16Array(buffer, byteOffset, count)
      const words = new Uint32Array(count)
      for (let i = 0; i < count; i++) words[i] = (halves[i] ?? 0) << 16
      return new Float32Array(words.buffer)
    }
    default:
      throw new TypeError(`${tensor.type} is not a floating-point type`)
  }
}

/** The values of an integer tensor as JavaScript numbers (token ids, lengths). */
export function toNumbers(tensor: TensorData): number[] {
  const count = elementCount(tensor.shape)
  const { buffer, byteOffset } = aligned(tensor.bytes, BYTES_PER_ELEMENT[tensor.type])
  switch (tensor.type) {
    case 'i64':
      return Array.from(new BigInt64Array(buffer, byteOffset, count), Number)
    case 'i32':
      return Array.from(new Int32Array(buffer, byteOffset, count))
    case 'u8':
    case 'bool':
      return Array.from(new Uint8Array(buffer, byteOffset, count))
    case 'i8':
      return Array.from(new Int8Array(buffer, byteOffset, count))
    default:
      return Array.from(toFloat32(tensor))
  }
}

/** Token ids as the int64 tensor that Hugging Face models take. */
export function tokenTensor(rows: readonly (readonly number[])[]): TensorData {
  const width = rows[0]?.length ?? 0
  if (rows.some(row => row.length !== width)) throw new RangeError('rows of token ids differ in length')
  return tensorOf([rows.length, width], BigInt64Array.from(rows.flat(), BigInt))
}
