/** What a caller of a model must know, read from any ONNX file, however its inside is made. */
import { AssayError } from '../errors.ts'
import type { ElementType } from '../tensor.ts'
import { dataTypeName, elementTypeOf } from './elements.ts'
import { externalRange } from './external.ts'
import { type GraphProto, type ModelProto, ModelProtoSchema, type TensorProto, type ValueInfoProto } from './onnx_pb.ts'
import { parseFile } from './protobuf.ts'
import { isExternal } from './tensor-proto.ts'

/** A graph input or output as a file declares it; the shape is null where the file leaves even the rank open. */
export interface OnnxPort {
  readonly name: string
  readonly type: ElementType
  readonly shape: readonly (number | string)[] | null
}

export interface OnnxSignature {
  readonly irVersion: number
  /** Opset version by domain; '' is standard ONNX. */
  readonly opsets: Readonly<Record<string, number>>
  readonly producer: { readonly name: string; readonly version: string }
  readonly metadata: Readonly<Record<string, string>>
  /** What has to be fed: without the initializers, which old files list among the inputs. */
  readonly inputs: readonly OnnxPort[]
  readonly outputs: readonly OnnxPort[]
  /** The real paths of the files that hold its external data. */
  readonly externalFiles: readonly string[]
}

/** 'ai.onnx' is another name of the default domain: https://github.com/onnx/onnx/blob/main/docs/IR.md#operator-sets */
export function domainName(domain: string): string {
  return domain === 'ai.onnx' ? '' : domain
}

const HINT = 'Assay feeds and compares tensors of numbers of 8 to 64 bits, and truth values'

/** What a graph's inputs and outputs can be beside tensors: https://github.com/onnx/onnx/blob/main/docs/IR.md#standard-data-types */
const KINDS = {
  sequenceType: 'a sequence',
  mapType: 'a map',
  optionalType: 'an optional',
  sparseTensorType: 'a sparse tensor',
  opaqueType: 'an opaque value',
} as const

function port(value: ValueInfoProto, path: string): OnnxPort {
  const where = `${path}: ${value.name}`
  const type = value.type?.value
  if (type?.case === undefined) throw new AssayError('onnx-invalid', `'${value.name}' has no type`, { where })
  if (type.case !== 'tensorType')
    throw new AssayError('onnx-unsupported', `'${value.name}' is ${KINDS[type.case]}, not a tensor`, {
      where,
      hint: HINT,
    })
  const elementType = elementTypeOf(type.value.elemType)
  if (elementType === undefined)
    throw new AssayError('onnx-unsupported', `'${value.name}' is a tensor of ${dataTypeName(type.value.elemType)}`, {
      where,
      hint: HINT,
    })
  const shape = type.value.shape?.dim.map(({ value: size }, i) => {
    if (size.case === 'dimParam' && size.value !== '') return size.value
    // A dimension without a name may be anything, so it gets a name that no other has.
    return size.case === 'dimValue' && size.value >= 0n ? Number(size.value) : `${value.name}_dim_${i}`
  })
  return { name: value.name, type: elementType, shape: shape ?? null }
}

/** The graph and all graphs in its nodes' attributes (the branches of If, the body of Loop). */
export function* graphsOf(graph: GraphProto): Generator<GraphProto> {
  yield graph
  for (const node of graph.node)
    for (const attribute of node.attribute)
      for (const inner of attribute.g ? [attribute.g, ...attribute.graphs] : attribute.graphs) yield* graphsOf(inner)
}

/** Every tensor that is stored in a graph, its nodes' attributes and subgraphs included. */
export function* tensorsOf(graph: GraphProto): Generator<TensorProto> {
  for (const { initializer, node } of graphsOf(graph)) {
    yield* initializer
    for (const { attribute } of node) for (const { t, tensors } of attribute) yield* t ? [t, ...tensors] : tensors
  }
}

/** The signature of a parsed model. Every place that it names outside itself is checked. */
export function signatureOf(model: ModelProto, path: string): OnnxSignature {
  const { graph } = model
  if (graph === undefined) throw new AssayError('onnx-invalid', 'the file holds no graph', { where: path })
  const initialized = new Set(graph.initializer.map(({ name }) => name))
  const externalFiles = new Set<string>()
  for (const tensor of tensorsOf(graph))
    if (isExternal(tensor)) externalFiles.add(externalRange(tensor, path, null, `${path}: ${tensor.name}`).path)
  return {
    irVersion: Number(model.irVersion),
    opsets: Object.fromEntries(model.opsetImport.map(({ domain, version }) => [domainName(domain), Number(version)])),
    producer: { name: model.producerName, version: model.producerVersion },
    metadata: Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value])),
    inputs: graph.input.filter(({ name }) => !initialized.has(name)).map(value => port(value, path)),
    outputs: graph.output.map(value => port(value, path)),
    externalFiles: [...externalFiles],
  }
}

/**
 * The signature of an ONNX file. Subgraphs, local functions and element types that Assay does not hold may be inside;
 * inputs and outputs must be tensors of numbers. Throws AssayError('onnx-unsupported' where they are not, 'onnx-invalid',
 * 'model-not-found').
 */
export function readOnnxSignature(path: string): OnnxSignature {
  return signatureOf(parseFile(ModelProtoSchema, path), path)
}
