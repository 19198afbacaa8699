import { WorkerError } from '../../protocol/failure.ts'
import type { Params } from '../../protocol/messages.ts'
import type { Answer } from '../engine.ts'
import { providerOf } from './devices.ts'
import { workerError } from './errors.ts'
import { sessionOptions } from './options.ts'
import { Profile } from './placement.ts'
import { ort } from './runtime.ts'
import { Session, type ValueInfo } from './session.ts'

/** Creates the session of a model; weights stored beside an .onnx file are found by onnxruntime itself. */
export async function load(params: Params<'load'>): Promise<{ session: Session; answer: Answer<'load'> }> {
  const { form, path, device, interface: graph } = params
  if (form !== 'onnx') throw new WorkerError('unsupported', `ort takes .onnx files, not the form ${form}`)
  const provider = providerOf(device)
  const profile = new Profile()
  try {
    const startedMs = performance.now()
    const options = { ...sessionOptions(provider, params.options), ...profile.options }
    const native = await ort.InferenceSession.create(path, options).catch((error: unknown) => {
      throw workerError(error, `loading ${path}`)
    })
    const session = new Session(native, graph)
    const loadMs = performance.now() - startedMs
    const placement = await profile.read(session)
    const result = {
      loadMs,
      inputs: session.inputs.map(describe),
      outputs: session.outputs.map(describe),
      placement,
      memoryBytes: isHostMemory(provider) ? process.memoryUsage.rss() : null,
    }
    return { session, answer: { result } }
  } finally {
    profile.remove()
  }
}

/** Whether a provider keeps models in this process's memory, so that it can be measured from here. */
export function isHostMemory(provider: string): boolean {
  return provider === 'cpu'
}

function describe({ name, type, shape }: ValueInfo) {
  return { name, type, shape: [...shape] }
}
