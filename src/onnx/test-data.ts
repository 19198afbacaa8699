/** Inputs and outputs stored beside a model, as the ONNX Model Zoo lays them out. */
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { AssayError } from '../errors.ts'
import type { NamedTensors, TensorData } from '../tensor.ts'
import { TensorProtoSchema } from './onnx_pb.ts'
import { parseFile } from './protobuf.ts'
import { type OnnxPort, readOnnxSignature } from './signature.ts'
import { tensorFromProto } from './tensor-proto.ts'

export interface TestDataSet {
  /** The folder's name: `test_data_set_0`. */
  readonly name: string
  readonly inputs: NamedTensors
  readonly outputs: NamedTensors
}

/** The tensor in a `.pb` file (a TensorProto), and its name, '' where it has none. */
export function readTensorProto(path: string): { readonly name: string; readonly tensor: TensorData } {
  const proto = parseFile(TensorProtoSchema, path)
  return { name: proto.name, tensor: tensorFromProto(proto, path) }
}

/** Entries `PREFIX_N` or `PREFIX_N.pb` of a folder, by their number. */
function numbered(folder: string, prefix: string, suffix: string): string[] {
  const number = (name: string) => Number(name.slice(prefix.length, name.length - suffix.length))
  return readdirSync(folder)
    .filter(name => name.startsWith(prefix) && name.endsWith(suffix) && Number.isInteger(number(name)))
    .sort((a, b) => number(a) - number(b))
}

function readSide(folder: string, prefix: 'input_' | 'output_', ports: readonly OnnxPort[]): NamedTensors {
  const files = numbered(folder, prefix, '.pb')
  if (files.length !== ports.length)
    throw new AssayError(
      'onnx-invalid',
      `${files.length} files ${prefix}N.pb, but the model has ${ports.length} ${prefix.replace('_', 's')}`,
      { where: folder },
    )
  const known = new Set(ports.map(port => port.name))
  const tensors = new Map<string, TensorData>()
  for (const [i, file] of files.entries()) {
    const { name: stored, tensor } = readTensorProto(join(folder, file))
    const name = known.has(stored) ? stored : (ports[i]?.name ?? stored)
    if (tensors.has(name))
      throw new AssayError('onnx-invalid', `a second tensor for '${name}'`, { where: join(folder, file) })
    tensors.set(name, tensor)
  }
  return Object.fromEntries(tensors)
}

/**
 * The data sets `test_data_set_N/{input,output}_M.pb` beside a model file, in the order of N; none where there are none.
 * A tensor belongs to the graph input (or output) of its name, or to the M-th where its name is empty or not the graph's.
 */
export function testDataSets(modelPath: string): TestDataSet[] {
  const beside = dirname(modelPath)
  const names = numbered(beside, 'test_data_set_', '')
  if (names.length === 0) return []
  const { inputs, outputs } = readOnnxSignature(modelPath)
  return names.map(name => ({
    name,
    inputs: readSide(join(beside, name), 'input_', inputs),
    outputs: readSide(join(beside, name), 'output_', outputs),
  }))
}
