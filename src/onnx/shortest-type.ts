/** Which rounding a file asks for by itself. */
import { AttributeProto_AttributeType, ModelProtoSchema, type NodeProto, TensorProto_DataType } from './onnx_pb.ts'
import { parseFile } from './protobuf.ts'
import { graphsOf, tensorsOf } from './signature.ts'

/** Attributes whose value is a type in which something is computed or stored (Cast, RandomNormal, Attention). */
const NAMES_A_TYPE: ReadonlySet<string> = new Set(['to', 'dtype', 'softmax_precision'])

/**
 * The floating-point type of fewest significant bits among a file's values, constants and casts, as a precision: what its
 * outputs may be off by, whatever it is run on. fp32 for a file of wider types, or of none.
 * Throws AssayError('onnx-invalid', 'model-not-found').
 */
export function shortestType(path: string): 'fp32' | 'fp16' | 'bf16' {
  const { graph, functions } = parseFile(ModelProtoSchema, path)
  const types = new Set(functions.flatMap(({ node }) => typesNamed(node)))
  if (graph !== undefined) {
    for (const { node, input, output, valueInfo } of graphsOf(graph)) {
      for (const type of typesNamed(node)) types.add(type)
      for (const { type } of [...input, ...output, ...valueInfo])
        if (type?.value.case === 'tensorType') types.add(type.value.value.elemType)
    }
    for (const { dataType } of tensorsOf(graph)) types.add(dataType)
  }
  if (types.has(TensorProto_DataType.BFLOAT16)) return 'bf16'
  return types.has(TensorProto_DataType.FLOAT16) ? 'fp16' : 'fp32'
}

function typesNamed(nodes: readonly NodeProto[]): number[] {
  return nodes
    .flatMap(({ attribute }) => attribute)
    .filter(({ name, type }) => type === AttributeProto_AttributeType.INT && NAMES_A_TYPE.has(name))
    .map(({ i }) => Number(i))
}
