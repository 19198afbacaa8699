/** Tensors of a frame <-> tensors of onnxruntime, over the same memory. */
import type { Tensor } from 'onnxruntime-node'
import { WorkerError } from '../../protocol/failure.ts'
import { BYTES_PER_ELEMENT, type ElementType, type TensorData } from '../../tensor.ts'
import type { TensorClass } from './runtime.ts'

type Type = Tensor.Type
type Data = Exclude<Tensor['data'], string[]>

const TO_ORT: Partial<Record<ElementType, Type>> = {
  f64: 'float64',
  f32: 'float32',
  f16: 'float16',
  i64: 'int64',
  i32: 'int32',
  i16: 'int16',
  i8: 'int8',
  u64: 'uint64',
  u32: 'uint32',
  u16: 'uint16',
  u8: 'uint8',
  bool: 'bool',
}
const FROM_ORT = new Map(Object.entries(TO_ORT).map(([type, name]) => [name as string, type as ElementType]))

/** onnxruntime's name for an element type, or undefined where its Node binding cannot hold it (bf16). */
export function ortType(type: ElementType): Type | undefined {
  return TO_ORT[type]
}

/** The element type by onnxruntime's name for it: `float32` is f32. */
export function elementType(name: string): ElementType {
  const type = FROM_ORT.get(name)
  if (type === undefined) throw new WorkerError('unsupported', `tensors of type ${name} cannot be sent`)
  return type
}

export function toOrt(Tensor: TensorClass, tensor: TensorData): Tensor {
  const name = ortType(tensor.type)
  if (name === undefined)
    throw new WorkerError('unsupported', `onnxruntime's JavaScript takes no ${tensor.type} tensors`)
  return new Tensor(name, viewOf(tensor), tensor.shape)
}

export function fromOrt(tensor: Tensor): TensorData {
  if (tensor.location !== 'cpu') throw new WorkerError('unsupported', 'a cache that stays on the device cannot be sent')
  const { data } = tensor
  if (Array.isArray(data)) throw new WorkerError('unsupported', 'tensors of type string cannot be sent')
  const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength)
  return { type: elementType(tensor.type), shape: tensor.dims, bytes }
}

function viewOf({ type, bytes }: TensorData): Data {
  const size = BYTES_PER_ELEMENT[type]
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % size === 0 ? bytes : bytes.slice()
  const count = byteLength / size
  switch (type) {
    case 'f64':
      return new Float64Array(buffer, byteOffset, count)
    case 'f32':
      return new Float32Array(buffer, byteOffset, count)
    case 'i64':
      return new BigInt64Array(buffer, byteOffset, count)
    case 'i32':
      return new Int32Array(buffer, byteOffset, count)
    case 'i16':
      return new Int16Array(buffer, byteOffset, count)
    case 'i8':
      return new Int8Array(buffer, byteOffset, count)
    case 'u64':
      return new BigUint64Array(buffer, byteOffset, count)
    case 'u32':
      return new Uint32Array(buffer, byteOffset, count)
    case 'f16':
    case 'bf16':
    case 'u16':
      return new Uint16Array(buffer, byteOffset, count)
    case 'u8':
    case 'bool':
      return new Uint8Array(buffer, byteOffset, count)
  }
}
