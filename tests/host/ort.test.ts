import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engineCommand } from '../../src/engines/index.ts'
import { type CallOptions, type Grace, startWorker, type WorkerHandle } from '../../src/host/index.ts'
import type { GraphInterface } from '../../src/protocol/messages.ts'
import { type NamedTensors, type TensorData, tensorOf, toFloat32, tokenTensor, toNumbers } from '../../src/tensor.ts'
import { ATTENTION, COUNTER, counterContinuation, counterLogits, fixture, VOCABULARY } from './models.ts'

let worker: WorkerHandle

beforeAll(async () => {
  worker = await startWorker({ engine: 'ort', command: engineCommand('ort'), devices: ['ort:cpu'] })
  await load('counter', COUNTER)
  await load('attention', ATTENTION)
  await load('double', null)
  await load('half', null)
})

afterAll(() => worker.stop())

function load(name: string, graph: GraphInterface | null, { handle = name, options = {} }: Loading = {}) {
  const path = fixture(name)
  const settings = { device: 'ort:cpu', form: 'onnx', precision: 'fp32', options } as const
  return worker.call('load', { handle, path, interface: graph, ...settings })
}

interface Loading {
  handle?: string
  options?: Record<string, string | number | boolean>
}

function run(handle: string, tensors: NamedTensors, logitsToKeep = 0, outputs: string[] | null = null) {
  return worker.call('run', { handle, outputs, logitsToKeep }, tensors)
}

function generate(handle: string, tensors: NamedTensors, newTokens: number, stop: number[] = []) {
  return worker.call('generate', { handle, newTokens, stop, logits: true }, tensors)
}

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

test('the device says what it is', () => {
  expect(worker.hello).toMatchObject({ engine: 'ort', forms: ['onnx'], versions: { onnxruntime: '1.30.0' } })
  expect(worker.hello.devices[0]).toMatchObject({ id: 'ort:cpu', kind: 'cpu', dialect: 'ort' })
})

describe('generation', () => {
  const prompts = [
    [1, 2, 3],
    [7, 7, 15],
  ]

  test('through an `append` cache gives what the closed form says, logits, second best and all', async () => {
    const { tensors } = await generate('counter', { input_ids: tokenTensor(prompts) }, 9)
    const expected = prompts.map(prompt => counterContinuation(prompt, 9))
    expect(rowsOf(given(tensors, 'sequences'))).toEqual(expected)
    const logits = prompts.flatMap((prompt, row) =>
      Array.from({ length: 9 }, (_, step) => counterLogits([...prompt, ...(expected[row] ?? []).slice(0, step)])),
    )
    expect(rowsOf(given(tensors, 'logits'))).toEqual(logits)
    const order = logits.map(row =>
      row.map((value, id) => ({ value, id })).sort((a, b) => b.value - a.value || a.id - b.id),
    )
    expect(rowsOf(given(tensors, 'top_ids'))).toEqual(order.map(row => row.slice(0, 2).map(({ id }) => id)))
    expect(rowsOf(given(tensors, 'top_logits'))).toEqual(order.map(row => row.slice(0, 2).map(({ value }) => value)))
  })

  test('through a `shared` cache that grows many times gives the logits of one pass over all tokens', async () => {
    const generated = await generate('attention', { input_ids: tokenTensor(prompts) }, 30)
    const chosen = rowsOf(given(generated.tensors, 'sequences'))
    const whole = prompts.map((prompt, row) => [...prompt, ...(chosen[row] ?? []).slice(0, -1)])
    const { tensors } = await run('attention', { input_ids: tokenTensor(whole) }, 30)
    const [one, other] = [toFloat32(given(tensors, 'logits')), toFloat32(given(generated.tensors, 'logits'))]
    expect(other.length).toBe(2 * 30 * VOCABULARY)
    expect(Math.max(...one.map((value, i) => Math.abs(value - (other[i] ?? NaN))))).toBeLessThan(1e-4)
    expect(Object.keys(tensors)).toEqual(['logits'])
  })

  test('is the same a second time, when the cache’s buffers are used again', async () => {
    const call = () => generate('attention', { input_ids: tokenTensor([[3, 1, 4, 1, 5]]) }, 12)
    const [first, second] = [await call(), await call()]
    expect(second.tensors).toEqual(first.tensors)
  })

  test('feeds forced tokens back, and still says what it would have chosen', async () => {
    const forced = [5, 9, 9, 2]
    const inputs = { input_ids: tokenTensor([[1]]), forced_ids: tokenTensor([forced]) }
    const { tensors } = await generate('counter', inputs, 4)
    expect(rowsOf(given(tensors, 'logits'))).toEqual([0, 1, 2, 3].map(n => counterLogits([1, ...forced.slice(0, n)])))
  })

  test('ends once every row has given a stop token', async () => {
    const { tensors } = await generate('counter', { input_ids: tokenTensor([[1], [4]]) }, 20, [5])
    expect(rowsOf(given(tensors, 'sequences'))).toEqual([
      [2, 3, 4, 5],
      [5, 6, 7, 8],
    ])
  })

  test('of a row padded on the left is that of the row alone', async () => {
    const padded = {
      input_ids: tokenTensor([
        [0, 0, 6],
        [1, 2, 3],
      ]),
      attention_mask: tokenTensor([
        [0, 0, 1],
        [1, 1, 1],
      ]),
    }
    const { tensors } = await generate('counter', padded, 5)
    expect(rowsOf(given(tensors, 'sequences'))).toEqual([
      counterContinuation([6], 5),
      counterContinuation([1, 2, 3], 5),
    ])
  })

  test('is given up between tokens when it is interrupted', async () => {
    const controller = new AbortController()
    const params = { handle: 'attention', workload: 'generate', newTokens: 200 } as const
    const call = worker.call(
      'measure',
      { ...params, warmup: 0, repetitions: 1e6, budgetMs: 1e9 },
      { input_ids: tokenTensor([[1]]) },
      { signal: controller.signal, onProgress: () => controller.abort() },
    )
    await expect(call).rejects.toMatchObject({ code: 'interrupted' })
    expect(worker.isAlive).toBe(true)
  })
})

describe('a forward pass', () => {
  test('gives logits of all positions, or of the last ones alone', async () => {
    const tokens = [1, 2, 2, 8]
    const expected = tokens.map((_, i) => counterLogits(tokens.slice(0, i + 1)))
    for (const [keep, kept] of [
      [0, expected],
      [1, expected.slice(-1)],
      [3, expected.slice(-3)],
    ] as const) {
      const { tensors } = await run('counter', { input_ids: tokenTensor([tokens]) }, keep)
      expect(rowsOf(given(tensors, 'logits'))).toEqual(kept)
    }
  })

  test('of a graph that cannot cut its logits has them cut', async () => {
    const all = await run('attention', { input_ids: tokenTensor([[1, 2, 3]]) })
    const last = await run('attention', { input_ids: tokenTensor([[1, 2, 3]]) }, 1)
    expect(given(last.tensors, 'logits').shape).toEqual([1, 1, VOCABULARY])
    expect(rowsOf(given(last.tensors, 'logits'))).toEqual(rowsOf(given(all.tensors, 'logits')).slice(-1))
  })

  test('of a model without an interface takes plain inputs', async () => {
    const { tensors, result } = await run('double', { x: tensorOf([1, 2, 2], Float32Array.of(1, 2, 3, -4)) })
    expect(Array.from(toFloat32(given(tensors, 'y')))).toEqual([2, 4, 6, -8])
    expect(result.durationMs).toBeGreaterThan(0)
  })

  test('in fp16 takes and gives fp16', async () => {
    const bytes = new Uint8Array(Float16Array.of(1, 0.5, -2, 0).buffer)
    const { tensors } = await run('half', { x: { type: 'f16', shape: [1, 4], bytes } })
    expect(given(tensors, 'y')).toMatchObject({ type: 'f16', shape: [1, 4] })
    expect(Array.from(toFloat32(given(tensors, 'y')))).toEqual([3, 1.5, -6, 0])
  })
})

describe('a native call that takes hours', () => {
  const inputs = { trips: tensorOf([], BigInt64Array.of(10n ** 12n)), x: tensorOf([1], Float32Array.of(1)) }

  async function startLoop(grace: Partial<Grace>) {
    const busy = await startWorker({ engine: 'ort', command: engineCommand('ort'), devices: ['ort:cpu'], grace })
    const settings = { device: 'ort:cpu', form: 'onnx', precision: 'fp32', interface: null, options: {} } as const
    await busy.call('load', { handle: 'loop', path: fixture('loop'), ...settings })
    return (options: CallOptions) =>
      busy.call('run', { handle: 'loop', outputs: null, logitsToKeep: 0 }, inputs, options)
  }

  test('stops no heartbeat, so that its deadline is what ends it', async () => {
    const run = await startLoop({ silenceMs: 0 })
    // Silence is called at three heartbeats of 500 ms.
    await expect(run({ deadlineMs: 2500 })).rejects.toMatchObject({ kind: 'deadline' })
  })

  test('cannot be interrupted, so that its worker is killed for it', async () => {
    const run = await startLoop({ interruptMs: 200 })
    const call = run({ signal: AbortSignal.timeout(200) })
    await expect(call).rejects.toMatchObject({
      kind: 'interrupt',
      message: 'the ort worker did not give up run within 200 ms',
    })
  })
})

describe('what cannot be asked is answered with the reason', () => {
  const x = tensorOf([1, 1, 1], Float32Array.of(1))
  test.each([
    ['a missing input', 'double', {}, 'input x is missing (the model takes x)'],
    ['an extra input', 'double', { x, z: x }, 'the model has no input z (x)'],
    ['a wrong type', 'double', { x: tensorOf([1, 1, 1], Int32Array.of(1)) }, 'input x is i32, and must be f32'],
    [
      'a wrong rank',
      'double',
      { x: tensorOf([1], Float32Array.of(1)) },
      'input x is [1], and must be [batch,seq,width]',
    ],
    ['a wrong size', 'half', { x: { type: 'f16', shape: [1, 3], bytes: new Uint8Array(6) } }, 'must be [batch,4]'],
    ['no tokens', 'counter', {}, 'input_ids is missing'],
    ['an unknown token', 'counter', { input_ids: tokenTensor([[16]]) }, 'input_ids holds 16, and the vocabulary is 16'],
    [
      'too long a prompt',
      'counter',
      { input_ids: tokenTensor([Array(65).fill(1)]) },
      '65 tokens, and the model knows 64',
    ],
    ['an unknown model', 'nobody', {}, 'no model is loaded as "nobody"'],
  ] as const)('%s', async (_, handle, tensors, message) => {
    await expect(run(handle, tensors)).rejects.toMatchObject({
      code: 'invalid-request',
      message: expect.stringContaining(message),
    })
  })

  test('generation from a model that was loaded without an interface', async () => {
    await expect(generate('double', { input_ids: tokenTensor([[1]]) }, 1)).rejects.toMatchObject({
      code: 'invalid-request',
    })
  })

  test('an option that does not exist, and a file that does not', async () => {
    await expect(load('half', null, { handle: 'new', options: { speed: 'high' } })).rejects.toMatchObject({
      code: 'invalid-request',
      message: expect.stringContaining('no option is named speed'),
    })
    await expect(load('missing', null)).rejects.toMatchObject({
      code: 'invalid-request',
      message: expect.stringContaining('missing.onnx'),
    })
  })

  test('a second model under the same handle', async () => {
    await expect(load('half', null)).rejects.toMatchObject({ code: 'invalid-request' })
  })

  test('a model that has been unloaded', async () => {
    await load('double', null, { handle: 'short-lived' })
    await worker.call('unload', { handle: 'short-lived' })
    await expect(run('short-lived', { x })).rejects.toMatchObject({ code: 'invalid-request' })
  })
})

describe('loading', () => {
  test('says what ran, where, and in which type: fp16 on the CPU is computed in fp32', async () => {
    const { result } = await load('half', null, { handle: 'placed' })
    expect(result.inputs).toEqual([{ name: 'x', type: 'f16', shape: ['batch', 4] }])
    expect(result.placement?.computedIn).toEqual(['fp32'])
    const operators = result.placement?.operators.map(({ operator, provider }) => `${operator} ${provider}`)
    expect(operators).toContain('MatMul CPUExecutionProvider')
    expect(operators).toContain('Cast CPUExecutionProvider')
    expect(result.memoryBytes).toBeGreaterThan(0)
  })

  test('takes options by name, and onnxruntime’s own entries', async () => {
    const options = { threads: 1, 'session.disable_prepacking': true, enableCpuMemArena: false }
    const { result } = await load('half', null, { handle: 'tuned', options })
    expect(result.placement?.computedIn).toEqual(['fp32'])
  })
})

describe('a measured loop', () => {
  test('gives as many samples as asked, with clocks that fit together, and the tokens that generation gives', async () => {
    const input = { input_ids: tokenTensor([[1, 2, 3]]) }
    const { result, tensors } = await worker.call(
      'measure',
      { handle: 'attention', workload: 'generate', newTokens: 6, warmup: 1, repetitions: 3, budgetMs: 60_000 },
      input,
    )
    const { tensors: plain } = await generate('attention', input, 6)
    expect(given(tensors, 'sequences').shape).toEqual([3, 1, 6])
    for (const row of rowsOf(given(tensors, 'sequences'))) expect(row).toEqual(toNumbers(given(plain, 'sequences')))
    expect(result.generations.length).toBe(3)
    for (const { tokenMs, deviceMs, selectMs } of result.generations) {
      expect([tokenMs.length, deviceMs.length, selectMs.length]).toEqual([6, 6, 6])
      tokenMs.forEach((ms, step) => {
        const spent = (deviceMs[step] ?? 0) + (selectMs[step] ?? 0)
        expect(ms - (tokenMs[step - 1] ?? 0)).toBeGreaterThanOrEqual(spent - 1e-6)
      })
    }
    expect(result.peakMemoryBytes).toBeGreaterThan(0)
  })

  test('stops at its budget, with one sample at least', async () => {
    const { result, tensors } = await worker.call(
      'measure',
      { handle: 'double', workload: 'forward', newTokens: 0, warmup: 0, repetitions: 1000, budgetMs: 0 },
      { x: tensorOf([1, 1, 2], Float32Array.of(1, 2)) },
    )
    expect(result.forwardMs.length).toBe(1)
    expect(Array.from(toFloat32(given(tensors, 'y')))).toEqual([2, 4])
  })
})
