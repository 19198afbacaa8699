/** TensorProto to values and back. */
import { create } from '@bufbuild/protobuf'
import { AssayError } from '../errors.ts'
import type { TensorData } from '../tensor.ts'
import { dataTypeName, dataTypeOf, elementTypeOf, type StoredType, storedBytes, storedTypeOf } from './elements.ts'
import { type TensorProto, TensorProto_DataLocation, TensorProtoSchema } from './onnx_pb.ts'

/** Type, shape and size in bytes of a tensor that Assay can hold; its size is checked to be a possible one. */
export interface TensorLayout {
  readonly type: StoredType
  readonly shape: readonly number[]
  readonly byteLength: number
}

export function isExternal(tensor: TensorProto): boolean {
  return tensor.dataLocation === TensorProto_DataLocation.EXTERNAL
}

/** Throws AssayError: `onnx-unsupported` for types outside `StoredType`, `onnx-invalid` for negative or impossible sizes. */
export function layoutOf(tensor: TensorProto, where: string): TensorLayout {
  const type = storedTypeOf(tensor.dataType)
  if (type === undefined)
    throw new AssayError('onnx-unsupported', `tensors of type ${dataTypeName(tensor.dataType)} are not supported`, {
      where,
    })
  if (tensor.segment !== undefined)
    throw new AssayError('onnx-invalid', 'tensors stored in segments are not supported', { where })
  const shape = tensor.dims.map(Number)
  const byteLength = storedBytes(type, shape)
  const isPossible = tensor.dims.every(size => size >= 0n && size <= Number.MAX_SAFE_INTEGER)
  if (!isPossible || byteLength > Number.MAX_SAFE_INTEGER)
    throw new AssayError('onnx-invalid', `[${tensor.dims}] is not a shape`, { where })
  return { type, shape, byteLength }
}

/** Types that have no field of their own are stored in `int32_data` or `uint64_data`; see `TensorProto` in onnx.proto. */
function typedValues(tensor: TensorProto, type: StoredType): ArrayBufferView {
  switch (type) {
    case 'f32':
      return Float32Array.from(tensor.floatData)
    case 'f64':
      return Float64Array.from(tensor.doubleData)
    case 'i64':
      return BigInt64Array.from(tensor.int64Data)
    case 'u64':
      return BigUint64Array.from(tensor.uint64Data)
    case 'u32':
      return Uint32Array.from(tensor.uint64Data, Number)
    case 'i32':
      return Int32Array.from(tensor.int32Data)
    case 'f16':
    case 'bf16':
    case 'u16':
      return Uint16Array.from(tensor.int32Data)
    case 'i16':
      return Int16Array.from(tensor.int32Data)
    case 'i8':
      return Int8Array.from(tensor.int32Data)
    case 'u8':
    case 'bool':
    case 'u4': // two elements for each value: a byte of the packed form
    case 'i4':
      return Uint8Array.from(tensor.int32Data)
  }
}

/** The bytes of a tensor that is stored in the model file itself. */
export function inlineBytes(tensor: TensorProto, layout: TensorLayout, where: string): Uint8Array {
  const values = tensor.rawData.length > 0 ? tensor.rawData : typedValues(tensor, layout.type)
  if (values.byteLength !== layout.byteLength)
    throw new AssayError(
      'onnx-invalid',
      `${layout.type} [${layout.shape}] takes ${layout.byteLength} bytes, but ${values.byteLength} are there`,
      { where },
    )
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

/** A tensor stored in the message itself, as attributes and test data are. */
export function tensorFromProto(tensor: TensorProto, where: string): TensorData {
  const layout = layoutOf(tensor, where)
  const type = elementTypeOf(tensor.dataType)
  if (type === undefined)
    throw new AssayError('onnx-unsupported', `tensors of type ${dataTypeName(tensor.dataType)} are constants only`, {
      where,
    })
  if (isExternal(tensor)) throw new AssayError('onnx-invalid', 'external data is not allowed here', { where })
  return { type, shape: layout.shape, bytes: inlineBytes(tensor, layout, where) }
}

/** A value, or a constant of a packed type. */
export interface StoredTensor {
  readonly type: StoredType
  readonly shape: readonly number[]
  readonly bytes: Uint8Array
}

export function tensorToProto(name: string, tensor: StoredTensor): TensorProto {
  const needed = storedBytes(tensor.type, tensor.shape)
  if (tensor.bytes.length !== needed)
    throw new RangeError(
      `'${name}': ${tensor.type} [${tensor.shape}] takes ${needed} bytes, not ${tensor.bytes.length}`,
    )
  return create(TensorProtoSchema, {
    name,
    dataType: dataTypeOf(tensor.type),
    dims: tensor.shape.map(BigInt),
    rawData: tensor.bytes,
  })
}
