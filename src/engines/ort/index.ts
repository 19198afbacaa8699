import { WorkerError } from '../../protocol/failure.ts'
import type { Engine } from '../engine.ts'
import { PeakMemory } from '../memory.ts'
import { generate } from '../onnxruntime/generate.ts'
import { measure } from '../onnxruntime/measure.ts'
import { run } from '../onnxruntime/run.ts'
import type { Session } from '../onnxruntime/session.ts'
import { findDevices, providerOf } from './devices.ts'
import { load } from './load.ts'
import { ort } from './runtime.ts'

interface Loaded {
  readonly session: Session
  readonly isHostMemory: boolean
}

/** onnxruntime-node: the CPU, WebGPU, and whatever else its binary offers. */
export function createEngine(): Engine {
  const models = new Map<string, Loaded>()
  const model = (handle: string): Loaded => {
    const loaded = models.get(handle)
    if (loaded === undefined)
      throw new WorkerError('invalid-request', `no model is loaded as ${JSON.stringify(handle)}`)
    return loaded
  }
  return {
    async devices() {
      const versions = { onnxruntime: ort.env.versions.node ?? 'unknown', node: process.versions.node }
      return { versions, forms: ['onnx'], devices: await findDevices() }
    },
    async load(params) {
      if (models.has(params.handle))
        throw new WorkerError('invalid-request', `a model is already loaded as ${JSON.stringify(params.handle)}`)
      const { session, answer } = await load(params)
      models.set(params.handle, { session, isHostMemory: providerOf(params.device) === 'cpu' })
      return answer
    },
    run: (params, tensors) => run(model(params.handle).session, params, tensors),
    generate: (params, tensors, turn) => generate(model(params.handle).session, params, tensors, turn),
    measure(params, tensors, turn) {
      const { session, isHostMemory } = model(params.handle)
      return measure(session, () => (isHostMemory ? new PeakMemory() : null), params, tensors, turn)
    },
    async unload({ handle }) {
      const { session } = model(handle)
      models.delete(handle)
      await session.release()
      return { result: {} }
    },
  }
}
