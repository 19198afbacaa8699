import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engineCommand } from '../../src/engines/index.ts'
import { startWorker, type WorkerHandle } from '../../src/host/index.ts'
import type { DeviceDescription } from '../../src/protocol/messages.ts'
import { toFloat32, tokenTensor, toNumbers } from '../../src/tensor.ts'
import { ATTENTION, COUNTER, fixture } from './models.ts'

let worker: WorkerHandle
let device: DeviceDescription | undefined

beforeAll(async () => {
  worker = await startWorker({ engine: 'ort', command: engineCommand('ort') })
  device = worker.hello.devices.find(({ id }) => id === 'ort:webgpu')
})

afterAll(() => worker.stop())

/** Loads a fixture on the CPU and on WebGPU, and gives what both generate. */
async function generateOnBoth(name: string, graph: typeof ATTENTION) {
  const params = { form: 'onnx', path: fixture(name), precision: 'fp32', interface: graph, options: {} } as const
  const input = { input_ids: tokenTensor([[1, 2, 3]]) }
  const both = ['ort:cpu', 'ort:webgpu'].map(async id => {
    const handle = `${name} on ${id}`
    const { result } = await worker.call('load', { handle, device: id, ...params })
    const call = () => worker.call('generate', { handle, newTokens: 20, stop: [], logits: true }, input)
    const [first, second] = [await call(), await call()]
    return { result, first: first.tensors, second: second.tensors }
  })
  return Promise.all(both)
}

describe('WebGPU, where a driver for it is found', () => {
  test.each([
    ['append', 'counter', COUNTER],
    ['shared', 'attention', ATTENTION],
  ] as const)('generates what the CPU does, through an `%s` cache that stays on the device', async (_, name, graph, ) => {
    if (device === undefined) return expect(worker.hello.devices.map(({ id }) => id)).toEqual(['ort:cpu'])
    const [cpu, webgpu] = await generateOnBoth(name, graph)
    if (cpu === undefined || webgpu === undefined) throw new Error('two devices were asked')
    for (const given of [webgpu.first, webgpu.second]) {
      expect(toNumbers(given['sequences'] ?? cpu.result)).toEqual(toNumbers(cpu.first['sequences'] ?? cpu.result))
    }
  })
})
