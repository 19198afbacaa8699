/** One loaded model. */
import type { InferenceSession } from 'onnxruntime-node'
import { WorkerError } from '../../protocol/failure.ts'
import type { GraphInterface } from '../../protocol/messages.ts'
import type { ElementType, NamedTensors } from '../../tensor.ts'
import { workerError } from './errors.ts'
import type { KvCache } from './kv-cache.ts'
import type { Feeds, Fetches, TensorClass } from './runtime.ts'
import { elementType, toOrt } from './tensors.ts'

export interface ValueInfo {
  readonly name: string
  readonly type: ElementType
  /** A number, or the name of a dimension that varies. */
  readonly shape: readonly (number | string)[]
}

export type Residency = 'host' | 'device'

export class Session {
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly ValueInfo[]
  readonly interface: GraphInterface | null
  /** Buffers of the last generation, used again by the next one of the same size. */
  spareCache: KvCache | null = null
  /** Where models and caches live: this process's memory, or the device's own. */
  readonly residency: Residency
  readonly Tensor: TensorClass
  readonly #session: InferenceSession

  constructor(session: InferenceSession, graph: GraphInterface | null, residency: Residency, Tensor: TensorClass) {
    this.#session = session
    this.Tensor = Tensor
    this.residency = residency
    this.interface = graph
    this.inputs = describe(session.inputMetadata)
    this.outputs = describe(session.outputMetadata)
    if (graph !== null) checkInterface(graph, this.inputs, this.outputs)
  }

  /** One pass. Returns once the outputs are in this process's memory, which is when the device is done. */
  async run(feeds: Feeds, fetches: Fetches): Promise<Feeds> {
    try {
      return await this.#session.run(feeds, fetches)
    } catch (error) {
      throw workerError(error, 'running the model')
    }
  }

  endProfiling(): void {
    this.#session.endProfiling()
  }

  async release(): Promise<void> {
    this.spareCache?.dispose()
    this.spareCache = null
    await this.#session.release()
  }
}

/** The tensors of a call as feeds, after comparing them with what the model declares. @throws WorkerError `invalid-request` */
export function feedsOf(Tensor: TensorClass, inputs: readonly ValueInfo[], tensors: NamedTensors): Feeds {
  const unknown = Object.keys(tensors).filter(name => !inputs.some(input => input.name === name))
  if (unknown.length > 0) throw invalid(`the model has no input ${unknown.join(', ')} (${names(inputs)})`)
  const feeds: Feeds = {}
  for (const input of inputs) {
    const tensor = tensors[input.name]
    if (tensor === undefined) throw invalid(`input ${input.name} is missing (the model takes ${names(inputs)})`)
    if (tensor.type !== input.type) throw invalid(`input ${input.name} is ${tensor.type}, and must be ${input.type}`)
    // onnxruntime says [] of a scalar, and of a shape that the file leaves open: it has to check that itself.
    const matches =
      input.shape.length === 0 ||
      (tensor.shape.length === input.shape.length &&
        input.shape.every((size, axis) => typeof size === 'string' || size === tensor.shape[axis]))
    if (!matches) throw invalid(`input ${input.name} is [${tensor.shape}], and must be [${input.shape}]`)
    feeds[input.name] = toOrt(Tensor, tensor)
  }
  return feeds
}

/** As the protocol describes a value. */
export function describeValue({ name, type, shape }: ValueInfo) {
  return { name, type, shape: [...shape] }
}

function describe(metadata: readonly InferenceSession.ValueMetadata[]): ValueInfo[] {
  return metadata.map(value => {
    if (!value.isTensor) throw new WorkerError('unsupported', `${value.name} is no tensor`)
    // A dimension without a name comes as undefined or ''.
    const shape = value.shape.map(size => (typeof size === 'number' ? size : size || '?'))
    return { name: value.name, type: elementType(value.type), shape }
  })
}

function checkInterface(graph: GraphInterface, inputs: readonly ValueInfo[], outputs: readonly ValueInfo[]): void {
  const pasts = graph.cache?.tensors.map(tensor => tensor.past) ?? []
  const presents = graph.cache?.tensors.map(tensor => tensor.present) ?? []
  for (const name of [...Object.keys(graph.roles), ...pasts])
    if (!inputs.some(input => input.name === name))
      throw invalid(`the interface names an input ${name} (${names(inputs)})`)
  for (const name of [graph.logits, ...presents])
    if (!outputs.some(output => output.name === name))
      throw invalid(`the interface names an output ${name} (${names(outputs)})`)
}

function names(values: readonly ValueInfo[]): string {
  return values.map(value => value.name).join(', ')
}

function invalid(message: string): WorkerError {
  return new WorkerError('invalid-request', message)
}
