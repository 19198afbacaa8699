import { expect, test } from 'vitest'
import { engineCommand } from '../../src/engines/index.ts'
import { startWorker } from '../../src/host/index.ts'
import type { GraphInterface } from '../../src/protocol/messages.ts'
import { type NamedTensors, toFloat32, tokenTensor, toNumbers } from '../../src/tensor.ts'
import { ATTENTION, COUNTER, fixture } from './models.ts'

const worker = await startWorker({ engine: 'ort', command: engineCommand('ort') })
const hasWebGpu = worker.hello.devices.some(({ id }) => id === 'ort:webgpu')

/** What a model generates on a device, twice: the second time in a cache whose memory was used before. */
async function generateTwice(device: string, name: string, graph: GraphInterface) {
  const handle = `${name} on ${device}`
  const settings = { form: 'onnx', precision: 'fp32', options: {} } as const
  const { result } = await worker.call('load', { handle, device, path: fixture(name), interface: graph, ...settings })
  const call = () =>
    worker.call('generate', { handle, newTokens: 20, stop: [], logits: true }, { input_ids: tokenTensor([[1, 2, 3]]) })
  return { providers: result.placement?.operators.map(({ provider }) => provider), runs: [await call(), await call()] }
}

function logitsOf(tensors: NamedTensors): Float32Array {
  if (tensors['logits'] === undefined) throw new Error('there are no logits')
  return toFloat32(tensors['logits'])
}

// A machine without a Vulkan driver has no such device, and the tests say so by being skipped.
test.skipIf(!hasWebGpu).each([
  ['append', 'counter', COUNTER],
  ['shared', 'attention', ATTENTION],
] as const)(
  'WebGPU generates what the CPU does, through an `%s` cache that stays on the device',
  async (_, name, graph) => {
    const cpu = await generateTwice('ort:cpu', name, graph)
    const webgpu = await generateTwice('ort:webgpu', name, graph)
    expect(webgpu.providers).toContain('WebGpuExecutionProvider')
    const expected = cpu.runs[0]?.tensors ?? {}
    for (const { tensors } of webgpu.runs) {
      expect(toNumbers(tensors['sequences'] ?? fail())).toEqual(toNumbers(expected['sequences'] ?? fail()))
      const reference = logitsOf(expected)
      expect(Math.max(...logitsOf(tensors).map((value, i) => Math.abs(value - (reference[i] ?? NaN))))).toBeLessThan(
        1e-3,
      )
    }
  },
)

test('a worker that is told which devices will be used looks for no other', async () => {
  const told = await startWorker({ engine: 'ort', command: engineCommand('ort'), devices: ['ort:cpu'] })
  expect(told.hello.devices.map(({ id }) => id)).toEqual(['ort:cpu'])
  await told.stop()
})

test('a device that is not here cannot be loaded on, and the worker lives on', async () => {
  const settings = { form: 'onnx', precision: 'fp32', options: {}, interface: null } as const
  const load = (device: string) => worker.call('load', { handle: device, device, path: fixture('double'), ...settings })
  await expect(load('ort:cuda')).rejects.toMatchObject({ code: 'unsupported' })
  if (!hasWebGpu) await expect(load('ort:webgpu')).rejects.toMatchObject({ code: 'unsupported' })
  await expect(load('ort:cpu')).resolves.toBeDefined()
  await worker.stop()
})

function fail(): never {
  throw new Error('there are no sequences')
}
