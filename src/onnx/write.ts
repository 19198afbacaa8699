/** Writing an ONNX file, with its large initializers beside it as external data. */

import { basename } from 'node:path'
import { create, toBinary } from '@bufbuild/protobuf'
import { AssayError } from '../errors.ts'
import { type Sink, writeAtomically } from '../weights/atomic.ts'
import { attributeToProto } from './attributes.ts'
import { dataTypeOf, storedBytes } from './elements.ts'
import type { OnnxInitializer, OnnxModel, OnnxNode, OnnxValue } from './model.ts'
import {
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './onnx_pb.ts'
import { MAX_MESSAGE_BYTES } from './protobuf.ts'
import { tensorToProto } from './tensor-proto.ts'

export interface WriteOnnxOptions {
  /** Initializers of at least this many bytes go to the data file; 1024 unless said otherwise, as in `onnx.save_model`. */
  readonly externalThresholdBytes?: number
}

/** Offsets are multiples of a page, so that a runtime can map them: docs/ExternalData.md of ONNX. */
const PAGE_BYTES = 4096

/** From IR version 4 on, initializers need not be listed among the inputs: docs/IR.md of ONNX. */
const IR_WITH_CONSTANT_INITIALIZERS = 4

function valueToProto({ name, type, shape }: OnnxValue | OnnxInitializer): ValueInfoProto {
  const dim = shape.map(size => ({
    value:
      typeof size === 'number'
        ? ({ case: 'dimValue', value: BigInt(size) } as const)
        : ({ case: 'dimParam', value: size } as const),
  }))
  const tensor = { elemType: dataTypeOf(type), shape: { dim } }
  return create(ValueInfoProtoSchema, { name, type: { value: { case: 'tensorType', value: tensor } } })
}

function nodeToProto(node: OnnxNode): NodeProto {
  return create(NodeProtoSchema, {
    name: node.name,
    opType: node.operator,
    domain: node.domain,
    input: [...node.inputs],
    output: [...node.outputs],
    attribute: Object.entries(node.attributes).map(([name, attribute]) => attributeToProto(name, attribute)),
  })
}

function byteLength({ type, shape }: OnnxInitializer): number {
  return storedBytes(type, shape)
}

/** The chunks of an initializer; after the last it is checked that they were as many bytes as its shape says. */
function* checkedChunks(initializer: OnnxInitializer): Generator<Uint8Array> {
  let total = 0
  for (const chunk of initializer.chunks()) {
    total += chunk.length
    yield chunk
  }
  if (total !== byteLength(initializer))
    throw new AssayError(
      'weight-mismatch',
      `${initializer.type} [${initializer.shape}] takes ${byteLength(initializer)} bytes, but ${total} came`,
      { where: initializer.name },
    )
}

function inlineTensor(initializer: OnnxInitializer): TensorProto {
  const { name, type, shape } = initializer
  const bytes = Buffer.concat(Array.from(checkedChunks(initializer), chunk => chunk.slice()))
  return tensorToProto(name, { type, shape, bytes })
}

/** Where bytes lie in the data file. */
interface Extent {
  readonly offset: number
  readonly length: number
}

function writeExtent(initializer: OnnxInitializer, sink: Sink): Extent {
  sink.write(new Uint8Array((PAGE_BYTES - (sink.position % PAGE_BYTES)) % PAGE_BYTES))
  const offset = sink.position
  for (const chunk of checkedChunks(initializer)) sink.write(chunk)
  return { offset, length: sink.position - offset }
}

function externalTensor(initializer: OnnxInitializer, extent: Extent, location: string): TensorProto {
  const fields = { location, ...extent }
  return create(TensorProtoSchema, {
    name: initializer.name,
    dataType: dataTypeOf(initializer.type),
    dims: initializer.shape.map(BigInt),
    dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: Object.entries(fields).map(([key, value]) => ({ key, value: String(value) })),
  })
}

function modelToProto(model: OnnxModel, initializer: TensorProto[]): ModelProto {
  const asInputs = model.irVersion < IR_WITH_CONSTANT_INITIALIZERS ? model.initializers : []
  return create(ModelProtoSchema, {
    irVersion: BigInt(model.irVersion),
    producerName: model.producer.name,
    producerVersion: model.producer.version,
    opsetImport: Object.entries(model.opsets).map(([domain, version]) => ({ domain, version: BigInt(version) })),
    metadataProps: Object.entries(model.metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name: model.name,
      node: model.nodes.map(nodeToProto),
      input: [...model.inputs, ...asInputs].map(valueToProto),
      output: model.outputs.map(valueToProto),
      initializer,
    },
  })
}

function serialize(model: ModelProto, path: string): Uint8Array {
  const inlineBytes = model.graph?.initializer.reduce((sum, tensor) => sum + tensor.rawData.length, 0) ?? 0
  if (inlineBytes > MAX_MESSAGE_BYTES - (64 << 20))
    throw new AssayError('onnx-invalid', `${inlineBytes} bytes of initializers do not fit in a protobuf message`, {
      where: path,
      hint: 'lower externalThresholdBytes',
    })
  return toBinary(ModelProtoSchema, model)
}

/**
 * Writes `path`, and `path + '.data'` where an initializer is large; each initializer is asked for once, in order, and
 * streams to the disk chunk by chunk, so that models may be larger than memory. Both files appear whole or not at all,
 * the data first. Throws AssayError: 'weight-mismatch' if an initializer's chunks are not of its size, 'file-unwritable'.
 */
export function writeOnnx(model: OnnxModel, path: string, options: WriteOnnxOptions = {}): void {
  const threshold = Math.max(1, options.externalThresholdBytes ?? 1024) // nothing can be mapped of an empty tensor
  const dataPath = `${path}.data`
  writeAtomically(open => {
    let data: Sink | null = null
    const written = new Map<string, Extent>()
    const initializers = model.initializers.map(initializer => {
      if (byteLength(initializer) < threshold) return inlineTensor(initializer)
      data ??= open(dataPath)
      const { contentKey = initializer.name } = initializer
      const extent = written.get(contentKey) ?? writeExtent(initializer, data)
      if (extent.length !== byteLength(initializer))
        throw new Error(`${initializer.name} is not of the size of the content that it shares`)
      written.set(contentKey, extent)
      return externalTensor(initializer, extent, basename(dataPath))
    })
    open(path).write(serialize(modelToProto(model, initializers), path))
  })
}
