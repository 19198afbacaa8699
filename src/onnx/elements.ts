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
import type { ElementType } from '../tensor.ts'
import { TensorProto_DataType as DataType } from './onnx_pb.ts'

const NUMBERS: Readonly<Record<ElementType, number>> = {
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
  bool: DataType.BOOL,
}

const TYPES = new Map(Object.entries(NUMBERS).map(([type, number]) => [number, type as ElementType]))

/** TensorProto.DataType of an element type. */
export function dataTypeOf(type: ElementType): number {
  return NUMBERS[type]
}

/** The element type of a TensorProto.DataType; undefined for what Assay does not hold: strings, complex, int4, float8. */
export function elementTypeOf(dataType: number): ElementType | undefined {
  return TYPES.get(dataType)
}

/** A DataType as ONNX calls it, for messages. */
export function dataTypeName(dataType: number): string {
  return Object.entries(DataType).find(([, number]) => number === dataType)?.[0] ?? `type ${dataType}`
}
