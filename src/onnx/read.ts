/** Reading a whole ONNX file as plain values. */
import { AssayError } from '../errors.ts'
import { fileChunks } from '../weights/range.ts'
import { attributeFromProto } from './attributes.ts'
import { externalRange } from './external.ts'
import type { OnnxInitializer, OnnxModel, OnnxNode, OnnxValue } from './model.ts'
import { type GraphProto, ModelProtoSchema, type NodeProto, type TensorProto } from './onnx_pb.ts'
import { parseFile } from './protobuf.ts'
import { domainName, type OnnxPort, signatureOf, tensorsOf } from './signature.ts'
import { inlineBytes, isExternal, layoutOf } from './tensor-proto.ts'

function ranked(port: OnnxPort, path: string): OnnxValue {
  if (port.shape !== null) return { ...port, shape: port.shape }
  throw new AssayError('onnx-invalid', `'${port.name}' has no shape`, {
    where: `${path}: ${port.name}`,
    hint: 'run onnx.shape_inference on the model',
  })
}

function node(proto: NodeProto, path: string): OnnxNode {
  const where = `${path}: ${proto.name || proto.opType}`
  return {
    name: proto.name,
    operator: proto.opType,
    domain: domainName(proto.domain),
    inputs: proto.input,
    outputs: proto.output,
    attributes: Object.fromEntries(
      proto.attribute.map(attribute => [attribute.name, attributeFromProto(attribute, `${where}.${attribute.name}`)]),
    ),
  }
}

function initializer(tensor: TensorProto, path: string): OnnxInitializer {
  const where = `${path}: ${tensor.name}`
  const layout = layoutOf(tensor, where)
  const { type, shape, byteLength } = layout
  if (!isExternal(tensor)) {
    const bytes = inlineBytes(tensor, layout, where)
    return { name: tensor.name, type, shape, chunks: () => [bytes] }
  }
  const range = externalRange(tensor, path, byteLength, where)
  if (range.length !== byteLength)
    throw new AssayError('onnx-invalid', `${type} [${shape}] takes ${byteLength} bytes, not ${range.length}`, { where })
  return { name: tensor.name, type, shape, chunks: () => fileChunks(range, 'onnx-invalid') }
}

/** What plain values cannot hold is refused: a model without it would be another model. */
function refuseWhatWouldBeLost(graph: GraphProto, functions: number, path: string): void {
  if (functions > 0)
    throw new AssayError('onnx-invalid', 'the model has functions of its own', {
      where: path,
      hint: 'inline them with onnx.inliner.inline_local_functions',
    })
  if (graph.sparseInitializer.length > 0)
    throw new AssayError('onnx-invalid', 'sparse initializers are not supported', { where: path })
  const initializers = new Set(graph.initializer)
  for (const tensor of tensorsOf(graph))
    if (isExternal(tensor) && !initializers.has(tensor))
      throw new AssayError('onnx-invalid', "external data in a node's attribute is not supported", {
        where: `${path}: ${tensor.name}`,
      })
}

/**
 * An ONNX file as values that `writeOnnx` would write back. Names of inputs leave out the initializers, and 'ai.onnx'
 * becomes ''. Initializers stream from the model file or from its external data, which stays where it is; a chunk is
 * only good until the next is asked for.
 * Throws AssayError('onnx-invalid') with the file and the tensor or node for what is broken, hostile (data outside
 * the model's folder or outside its file) or beyond the values' reach; 'model-not-found' where there is no file.
 */
export function readOnnx(path: string): OnnxModel {
  const model = parseFile(ModelProtoSchema, path)
  const { irVersion, opsets, producer, metadata, inputs, outputs } = signatureOf(model, path)
  const { graph } = model
  if (graph === undefined) throw new AssayError('onnx-invalid', 'the file holds no graph', { where: path })
  refuseWhatWouldBeLost(graph, model.functions.length, path)
  return {
    name: graph.name,
    irVersion,
    opsets,
    producer,
    metadata,
    nodes: graph.node.map(proto => node(proto, path)),
    inputs: inputs.map(port => ranked(port, path)),
    outputs: outputs.map(port => ranked(port, path)),
    initializers: graph.initializer.map(tensor => initializer(tensor, path)),
  }
}
