import { BYTES_PER_ELEMENT, type ElementType, type TensorData } from '../tensor.ts'

/** The element of a tensor at a row-major index as a number; 64-bit integers above 2^53 lose their last digits. */
export function valueAt(tensor: TensorData, index: number): number {
  const { buffer, byteOffset, byteLength } = tensor.bytes
  const view = new DataView(buffer, byteOffset, byteLength)
  const at = index * BYTES_PER_ELEMENT[tensor.type]
  switch (tensor.type) {
    case 'f64':
      return view.getFloat64(at, true)
    case 'f32':
      return view.getFloat32(at, true)
    case 'f16':
      return view.getFloat16(at, true)
    case 'bf16': {
      // A bfloat16 is the upper half of a float32.
      const word = new DataView(new ArrayBuffer(4))
      word.setUint32(0, view.getUint16(at, true) << 16)
      return word.getFloat32(0)
    }
    case 'i64':
      return Number(view.getBigInt64(at, true))
    case 'u64':
      return Number(view.getBigUint64(at, true))
    case 'i32':
      return view.getInt32(at, true)
    case 'u32':
      return view.getUint32(at, true)
    case 'i16':
      return view.getInt16(at, true)
    case 'u16':
      return view.getUint16(at, true)
    case 'i8':
      return view.getInt8(at)
    case 'u8':
    case 'bool':
      return view.getUint8(at)
  }
}

/** Whether an element type is a floating-point type. */
export function isFloat(type: ElementType): boolean {
  return type === 'f64' || type === 'f32' || type === 'f16' || type === 'bf16'
}

/** Elements of two tensors of one type and shape whose bits differ: how many, and the first (-1 if none). */
export function differingElements(a: TensorData, b: TensorData): { count: number; first: number } {
  const size = BYTES_PER_ELEMENT[a.type]
  let count = 0
  let first = -1
  for (let at = 0; at < a.bytes.length; at++) {
    if (a.bytes[at] === b.bytes[at]) continue
    const element = Math.floor(at / size)
    if (first < 0) first = element
    count++
    at = (element + 1) * size - 1
  }
  return { count, first }
}
