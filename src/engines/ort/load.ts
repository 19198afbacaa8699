import { availableParallelism } from 'node:os'
import { WorkerError } from '../../protocol/failure.ts'
import type { Params } from '../../protocol/messages.ts'
import type { Answer } from '../../protocol/serve.ts'
import { workerError } from '../onnxruntime/errors.ts'
import { leaveCacheOnDevice, sessionOptions } from '../onnxruntime/options.ts'
import { describeValue, type Residency, Session } from '../onnxruntime/session.ts'
import { providerOf } from './devices.ts'
import { Profile } from './placement.ts'
import { ort } from './runtime.ts'

/** Creates the session of a model; weights stored beside an .onnx file are found by onnxruntime itself. */
export async function load(params: Params<'load'>): Promise<{ session: Session; answer: Answer<'load'> }> {
  const { form, path, device, interface: graph } = params
  if (form !== 'onnx') throw new WorkerError('unsupported', `ort takes .onnx files, not the form ${form}`)
  const provider = providerOf(device)
  const profile = new Profile()
  try {
    const startedMs = performance.now()
    const residency = residencyOf(provider)
    const options = {
      ...sessionOptions(provider, params.options, availableParallelism()),
      ...profile.options,
      ...(residency === 'device' && graph !== null ? { preferredOutputLocation: leaveCacheOnDevice(graph) } : {}),
    }
    const native = await ort.InferenceSession.create(path, options).catch((error: unknown) => {
      throw workerError(error, `loading ${path}`)
    })
    const session = new Session(native, graph, residency, ort.Tensor)
    const loadMs = performance.now() - startedMs
    const placement = await profile.read(session, params.precision)
    const result = {
      loadMs,
      inputs: session.inputs.map(describeValue),
      outputs: session.outputs.map(describeValue),
      placement,
      memoryBytes: provider === 'cpu' ? process.memoryUsage.rss() : null,
    }
    return { session, answer: { result } }
  } finally {
    profile.remove()
  }
}

/** WebGPU alone can leave tensors on the device: onnxruntime-node knows no other provider's buffers. */
function residencyOf(provider: string): Residency {
  return provider === 'webgpu' ? 'device' : 'host'
}
