/**
 * Element types by their ONNX numbers.
 *
 * `onnx_pb.ts` is generated from the `onnx-ml.proto` that the Python package onnx 1.23.2 ships, copied to `onnx.proto`:
 *
 *     pip install onnx grpcio-tools
 *     cp "$(python -c 'import onnx, os; print(os.path.dirname(onnx.__file__))')/onnx-ml.proto" onnx.proto
 *     python -m grpc_tools.protoc -I . --plugin=node_modules/.bin/protoc-gen-es \
 *       --es_out=src/onnx --es_opt=target=ts,erasable_syntax=true onnx.proto
 */
import { BYTES_PER_ELEMENT, type ElementType, elementCount } from '../tensor.ts'
import { TensorProto_DataType as DataType } from './onnx_pb.ts'

/** Types of constants alone: two elements in a byte, the first in its lower half; no runtime takes or gives them. */
export type PackedType = 'u4' | 'i4'
export type StoredType = ElementType | PackedType

const NUMBERS: Readonly<Record<StoredType, number>> = {
  f64: DataType.DOUBLE,
  f32: DataType.FLOAT,
  f16: DataType.FLOAT16,
  bf16: DataType.BFLOAT16,
  i64: DataType.INT64,
  i32: DataType.INT32,
  i16: DataType.INT16,
  i8: DataType.INT8,
  u64: DataType.UINT64,
  u32: DataType.UINT32,
  u16: DataType.UINT16,
  u8: DataType.UINT8,
  u4: DataType.UINT4,
  i4: DataType.INT4,
  bool: DataType.BOOL,
}

const TYPES = new Map(Object.entries(NUMBERS).map(([type, number]) => [number, type as StoredType]))

/** TensorProto.DataType of an element type. */
export function dataTypeOf(type: StoredType): number {
  return NUMBERS[type]
}

/** The element type of a TensorProto.DataType; undefined for what Assay does not feed: strings, complex, int4, float8. */
export function elementTypeOf(dataType: number): ElementType | undefined {
  const type = TYPES.get(dataType)
  return type === undefined || isPacked(type) ? undefined : type
}

/** The type of a constant; undefined for what Assay does not hold: strings, complex, 2 bits, float8. */
export function storedTypeOf(dataType: number): StoredType | undefined {
  return TYPES.get(dataType)
}

function isPacked(type: StoredType): type is PackedType {
  return type === 'u4' || type === 'i4'
}

/** The bytes that a constant takes; the last one may be half filled. */
export function storedBytes(type: StoredType, shape: readonly number[]): number {
  const count = elementCount(shape)
  return isPacked(type) ? Math.ceil(count / 2) : count * BYTES_PER_ELEMENT[type]
}

/** A DataType as ONNX calls it, for messages. */
export function dataTypeName(dataType: number): string {
  return Object.entries(DataType).find(([, number]) => number === dataType)?.[0] ?? `type ${dataType}`
}
