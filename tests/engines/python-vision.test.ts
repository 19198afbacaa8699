/** Models of images on the Python worker's engines, and what torch says that its device gives at most. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { buildArtifact } from '../../src/build/artifact.ts'
import { checkpointOf } from '../../src/build/checkpoint.ts'
import { openModel, type VisionModel } from '../../src/build/model.ts'
import { checkWorker, startWorker, stopAllWorkers } from '../../src/host/index.ts'
import { type NamedTensors, type TensorData, tensorOf } from '../../src/tensor.ts'
import { conduct } from '../run/conducted.ts'
import { temporaryDirectory } from '../temporary.ts'
import { type PythonEngine, python, workerCommand } from './python-workers.ts'

const reason = 'missing' in python ? ` (${python.missing})` : ''
const REFERENCE = 'arch/resnet18'
const BATCH = 2
const SIZE = 224
const CLASSES = 1000

let model: VisionModel
let home: string
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'assay-vision-')) // of all the tests: a checkpoint takes a while to write
  const opened = openModel(REFERENCE)
  if (opened.kind !== 'vision') throw new Error(`${REFERENCE} is a model of the kind ${opened.kind}`)
  model = opened
})
afterEach(stopAllWorkers)
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** Waves of another length in each channel and image. */
const pixels = tensorOf(
  [BATCH, 3, SIZE, SIZE],
  Float32Array.from({ length: BATCH * 3 * SIZE * SIZE }, (_, at) =>
    Math.sin(at * (0.01 + Math.floor(at / SIZE ** 2) / 500)),
  ),
)

function loadable(engine: PythonEngine) {
  if (engine === 'torch')
    return { form: 'huggingface', path: checkpointOf(model, home), options: { threads: 1 } } as const
  const dialect = engine === 'openvino' ? 'portable' : 'ort'
  const options = engine === 'openvino' ? { INFERENCE_PRECISION_HINT: 'f32' } : {}
  return { form: 'onnx', path: buildArtifact(model, 'fp32', dialect, home).path, options } as const
}

/** Logits of one pass and those after a measurement, and what was said of it. */
async function ran(engine: PythonEngine) {
  const worker = await startWorker({ engine, command: workerCommand(engine) })
  const device = `${engine}:cpu`
  const loaded = await worker.call('load', {
    handle: 'm',
    device,
    precision: 'fp32',
    interface: null,
    ...loadable(engine),
  })
  const inputs: NamedTensors = { pixel_values: pixels }
  const once = await worker.call('run', { handle: 'm', outputs: null, logitsToKeep: 0 }, inputs)
  const repeated = {
    handle: 'm',
    workload: 'forward',
    newTokens: 0,
    warmup: 1,
    repetitions: 3,
    budgetMs: 60_000,
  } as const
  const measured = await worker.call('measure', repeated, inputs)
  return {
    loaded: loaded.result,
    once: once.tensors['logits'],
    measured: measured.result,
    last: measured.tensors['logits'],
  }
}

function values(tensor: TensorData | undefined): Float32Array {
  if (tensor === undefined) throw new Error('no logits')
  expect(tensor).toMatchObject({ type: 'f32', shape: [BATCH, CLASSES] })
  return new Float32Array(tensor.bytes.slice().buffer)
}

function distance(a: Float32Array, b: Float32Array): number {
  return Math.hypot(...a.map((value, at) => value - (b[at] ?? 0))) / Math.hypot(...b)
}

describe.skipIf('missing' in python)(`images${reason}`, () => {
  test('graphs and the directory give the same logits in every engine of Python, in passes and in measurements', async () => {
    const torch = await ran('torch')
    const expected = values(torch.once)
    for (const given of [torch, await ran('ort-python'), await ran('openvino')]) {
      expect(distance(values(given.once), expected)).toBeLessThan(1e-5)
      expect(distance(values(given.last), expected)).toBeLessThan(1e-5)
      expect(given.measured.forwardMs).toHaveLength(3)
      expect(given.measured.peakMemoryBytes).toBeGreaterThan(4 * model.parameters)
      expect(given.loaded.placement?.computedIn).toEqual(['fp32'])
      expect(given.loaded.inputs).toMatchObject([{ name: 'pixel_values', type: 'f32' }])
      expect(given.loaded.outputs).toMatchObject([{ name: 'logits', type: 'f32' }])
    }
  }, 300_000)

  test('OpenVINO says why a classifier is computed in bf16, where its CPU can', async () => {
    const worker = await startWorker({ engine: 'openvino', command: workerCommand('openvino') })
    const { devices } = worker.hello
    const load = { handle: 'm', device: 'openvino:cpu', precision: 'fp32', interface: null } as const
    const { placement } = (await worker.call('load', { ...load, ...loadable('openvino'), options: {} })).result
    const hasBf16 = devices.some(device => device.id === 'openvino:cpu' && device.precisions.includes('bf16'))
    if (hasBf16)
      expect(placement).toMatchObject({
        computedIn: ['bf16'],
        evidence: 'INFERENCE_PRECISION_HINT is bf16',
        remedy: 'options: { openvino: { INFERENCE_PRECISION_HINT: f32 } }',
      })
    else expect(placement?.computedIn).toEqual(['fp32'])
  }, 120_000)

  test('torch conforms with a model of images', async () => {
    const report = await checkWorker({ command: workerCommand('torch') }, { model: checkpointOf(model, home) })
    expect(report.checks.filter(check => check.status === 'fail')).toEqual([])
    expect(report.checks.find(check => check.name === 'loads a model')?.detail).toMatch(/: pixel_values$/)
    expect(report.checks.find(check => check.name.startsWith('gives up an interrupted call'))?.status).toBe('pass')
  }, 120_000)

  test('torch measures what its device gives at most, by a chain of products', async () => {
    const said = {
      models: ['zoo/llama'],
      devices: ['torch:cpu'],
      checks: [],
      benchmarks: {
        generation: { batch: [1], inputTokens: [8], outputTokens: 2, repetitions: 1, budgetMs: 10 },
      },
      engines: { torch: { command: workerCommand('torch') } },
      options: { torch: { threads: 1 } },
    }
    const { unit } = await conduct(said, temporaryDirectory())
    const { ceilings } = unit('torch:cpu')
    expect(ceilings?.reason).toBeNull()
    expect(ceilings?.bytesPerSecond).toBeGreaterThan(1e7)
    expect(ceilings?.flopsPerSecond).toBeGreaterThan(1e7)
  }, 300_000)
})
