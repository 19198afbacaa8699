/** The browser engine in a real browser: what it computes, and what it answers to what it cannot. */
import { truncateSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engineCommand } from '../../src/engines/index.ts'
import { startWorker, type WorkerHandle } from '../../src/host/index.ts'
import { externalFiles } from '../../src/onnx/external-files.ts'
import { writeOnnx } from '../../src/onnx/write.ts'
import type { GraphInterface } from '../../src/protocol/messages.ts'
import { type NamedTensors, type TensorData, tensorOf, toFloat32, tokenTensor, toNumbers } from '../../src/tensor.ts'
import { ATTENTION, COUNTER, counterContinuation, counterLogits, fixture, VOCABULARY } from '../host/models.ts'
import { temporaryDirectory } from '../temporary.ts'
import { hasBrowser, why } from './browser-here.ts'

function given(tensors: NamedTensors, name: string): TensorData {
  const tensor = tensors[name]
  if (tensor === undefined) throw new Error(`no tensor ${name} in ${Object.keys(tensors)}`)
  return tensor
}

function rowsOf(tensor: TensorData): number[][] {
  const width = tensor.shape.at(-1) ?? 1
  const values = toNumbers(tensor)
  return Array.from({ length: values.length / width }, (_, row) => values.slice(row * width, (row + 1) * width))
}

const prompts = [
  [1, 2, 3],
  [7, 7, 15],
]

describe.skipIf(!hasBrowser)(`a browser${why}`, { timeout: 120_000 }, () => {
  let worker: WorkerHandle

  beforeAll(async () => {
    worker = await startWorker({ engine: 'browser', command: engineCommand('browser') })
    await load('counter', COUNTER)
    await load('double', null)
  })
  afterAll(() => worker?.stop())

  function load(name: string, graph: GraphInterface | null, { device = 'browser:wasm', handle = name } = {}) {
    const settings = { form: 'onnx', precision: 'fp32', options: {} } as const
    return worker.call('load', { handle, device, path: fixture(name), interface: graph, ...settings })
  }

  function generate(handle: string, tensors: NamedTensors, newTokens: number) {
    return worker.call('generate', { handle, newTokens, stop: [], logits: true }, tensors)
  }

  function run(handle: string, tensors: NamedTensors) {
    return worker.call('run', { handle, outputs: null, logitsToKeep: 0 }, tensors)
  }

  test('says what it is: the browser, its threads, that the page is isolated', () => {
    expect(worker.hello).toMatchObject({
      engine: 'browser',
      forms: ['onnx'],
      versions: { 'onnxruntime-web': '1.30.0' },
    })
    expect(worker.hello.devices[0]).toMatchObject({
      id: 'browser:wasm',
      kind: 'cpu',
      dialect: 'ort',
      properties: {
        provider: 'cpu',
        crossOriginIsolated: 'true',
        threads: expect.stringMatching(/^\d+$/),
        userAgent: expect.stringContaining('Chrome/'),
      },
    })
  })

  test('generates through an `append` cache what the closed form says', async () => {
    const { tensors } = await generate('counter', { input_ids: tokenTensor(prompts) }, 9)
    const expected = prompts.map(prompt => counterContinuation(prompt, 9))
    expect(rowsOf(given(tensors, 'sequences'))).toEqual(expected)
    const logits = prompts.flatMap((prompt, row) =>
      Array.from({ length: 9 }, (_, step) => counterLogits([...prompt, ...(expected[row] ?? []).slice(0, step)])),
    )
    expect(rowsOf(given(tensors, 'logits'))).toEqual(logits)
  })

  test('a `shared` cache in its own memory is refused: the runtime writes no output into what it was given', async () => {
    await expect(load('attention', ATTENTION)).rejects.toMatchObject({ code: 'unsupported' })
  })

  test('measures inside the page, and gives the tokens of every sample', async () => {
    const { result, tensors } = await worker.call(
      'measure',
      { handle: 'counter', workload: 'generate', newTokens: 4, warmup: 1, repetitions: 3, budgetMs: 60_000 },
      { input_ids: tokenTensor(prompts) },
    )
    expect(result.generations).toHaveLength(3)
    for (const { tokenMs, deviceMs, selectMs } of result.generations) {
      expect([tokenMs.length, deviceMs.length, selectMs.length]).toEqual([4, 4, 4])
      expect(tokenMs).toEqual(tokenMs.toSorted((a, b) => a - b))
      expect(tokenMs.at(-1)).toBeGreaterThanOrEqual(deviceMs.reduce((sum, ms) => sum + ms, 0))
    }
    const expected = prompts.map(prompt => counterContinuation(prompt, 4))
    expect(rowsOf(given(tensors, 'sequences'))).toEqual([...expected, ...expected, ...expected])
  })

  test('carries a tensor of 64 MiB there and back', async () => {
    const values = Float32Array.from({ length: 2 ** 24 }, (_, i) => i)
    const { tensors } = await run('double', { x: tensorOf([1, 1, 2 ** 24], values) })
    const doubled = toFloat32(given(tensors, 'y'))
    expect(doubled.length).toBe(2 ** 24)
    expect(doubled.every((value, i) => value === Math.fround(2 * i))).toBe(true)
  })

  test('gives a call up between passes when it is interrupted, and goes on', async () => {
    const controller = new AbortController()
    const params = { handle: 'double', workload: 'forward', newTokens: 0, warmup: 0 } as const
    const call = worker.call(
      'measure',
      { ...params, repetitions: 1e9, budgetMs: 1e9 },
      { x: tensorOf([1, 1, 1], Float32Array.of(1)) },
      { signal: controller.signal, onProgress: () => controller.abort() },
    )
    await expect(call).rejects.toMatchObject({ code: 'interrupted' })
    await expect(run('double', { x: tensorOf([1, 1, 1], Float32Array.of(3)) })).resolves.toBeDefined()
  })

  test('a model that was unloaded is known no more, and its handle is free', async () => {
    await load('double', null, { handle: 'passing' })
    await expect(load('double', null, { handle: 'passing' })).rejects.toMatchObject({ code: 'invalid-request' })
    await worker.call('unload', { handle: 'passing' })
    const x = tensorOf([1, 1, 1], Float32Array.of(1))
    await expect(run('passing', { x })).rejects.toMatchObject({
      code: 'invalid-request',
      message: 'no model is loaded as "passing"',
    })
    await load('double', null, { handle: 'passing' })
    await worker.call('unload', { handle: 'passing' })
  })

  test.each([
    ['a missing input', {}, 'input x is missing (the model takes x)'],
    ['a wrong type', { x: tensorOf([1, 1, 1], Int32Array.of(1)) }, 'input x is i32, and must be f32'],
  ])('%s is an invalid request that names it', async (_, tensors, message) => {
    await expect(run('double', tensors)).rejects.toMatchObject({ code: 'invalid-request', message })
  })

  test('what cannot be loaded is said, with the reason', async () => {
    const settings = { form: 'onnx', precision: 'fp32', interface: null, options: {} } as const
    const refused = (params: object) =>
      worker.call('load', { handle: 'x', device: 'browser:wasm', path: fixture('double'), ...settings, ...params })
    await expect(refused({ path: '/nowhere/model.onnx' })).rejects.toMatchObject({
      code: 'invalid-request',
      message: 'there is no file /nowhere/model.onnx',
    })
    await expect(refused({ path: import.meta.filename })).rejects.toMatchObject({ code: 'invalid-request' })
    await expect(refused({ device: 'browser:tpu' })).rejects.toMatchObject({ code: 'unsupported' })
    await expect(refused({ form: 'huggingface' })).rejects.toMatchObject({ code: 'unsupported' })
    await expect(refused({ options: { thread: 3 } })).rejects.toThrow('no option is named thread')
  })

  test('weights beside a model are found, and 4 GiB of them are more than WebAssembly holds', async () => {
    const path = join(temporaryDirectory(), 'sum.onnx')
    writeOnnx(SUM, path, { externalThresholdBytes: 1 })
    const settings = { form: 'onnx', precision: 'fp32', interface: null, options: {} } as const
    const loadSum = (handle: string) => worker.call('load', { handle, device: 'browser:wasm', path, ...settings })
    await loadSum('sum')
    const { tensors } = await run('sum', { x: tensorOf([2], Float32Array.of(1, 2)) })
    expect([...toFloat32(given(tensors, 'y'))]).toEqual([11, 22])
    await worker.call('unload', { handle: 'sum' })
    const [weights = ''] = externalFiles(path)
    // A hole, which takes no room on the disk.
    truncateSync(join(path, '..', weights), 4 * 1024 ** 3)
    await expect(loadSum('big')).rejects.toMatchObject({
      code: 'unsupported',
      message: 'the model has 4.00 GiB of weights, and WebAssembly has 4.00 GiB of memory',
    })
  })

  describe('on WebGPU, whose cache stays on the device', () => {
    const call = (name: string) => generate(`${name} on the GPU`, { input_ids: tokenTensor(prompts) }, 20)
    const noGpu = 'no WebGPU in this browser'
    const hasGpu = () => worker.hello.devices.some(({ id }) => id === 'browser:webgpu')

    test('an `append` cache gives what the closed form says, and so it does the second time', async context => {
      if (!hasGpu()) return context.skip(noGpu)
      await load('counter', COUNTER, { device: 'browser:webgpu', handle: 'counter on the GPU' })
      const expected = prompts.map(prompt => counterContinuation(prompt, 20))
      for (let time = 0; time < 2; time++)
        expect(rowsOf(given((await call('counter')).tensors, 'sequences'))).toEqual(expected)
    })

    test('a `shared` cache gives the logits of one pass over all tokens, and so it does the second time', async context => {
      if (!hasGpu()) return context.skip(noGpu)
      await load('attention', ATTENTION, { device: 'browser:webgpu', handle: 'attention on the GPU' })
      for (let time = 0; time < 2; time++) {
        const generated = await call('attention')
        const chosen = rowsOf(given(generated.tensors, 'sequences'))
        const whole = prompts.map((prompt, row) => [...prompt, ...(chosen[row] ?? []).slice(0, -1)])
        const { tensors } = await worker.call(
          'run',
          { handle: 'attention on the GPU', outputs: null, logitsToKeep: 20 },
          { input_ids: tokenTensor(whole) },
        )
        const [one, other] = [toFloat32(given(tensors, 'logits')), toFloat32(given(generated.tensors, 'logits'))]
        expect(other.length).toBe(2 * 20 * VOCABULARY)
        expect(Math.max(...one.map((value, i) => Math.abs(value - (other[i] ?? NaN))))).toBeLessThan(1e-3)
      }
    })
  })
})

/** y = x + [10, 20]. */
const SUM: Parameters<typeof writeOnnx>[0] = {
  name: 'sum',
  irVersion: 8,
  opsets: { '': 13 },
  producer: { name: 'test', version: '' },
  nodes: [{ name: 'n', operator: 'Add', domain: '', inputs: ['x', 'w'], outputs: ['y'], attributes: {} }],
  inputs: [{ name: 'x', type: 'f32', shape: [2] }],
  outputs: [{ name: 'y', type: 'f32', shape: [2] }],
  initializers: [
    { name: 'w', type: 'f32', shape: [2], chunks: () => [new Uint8Array(Float32Array.of(10, 20).buffer)] },
  ],
  metadata: {},
}
