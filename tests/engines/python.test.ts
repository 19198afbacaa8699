/** The Python worker as a host sees it: it conforms, and its failures are told apart. */
import { afterEach, describe, expect, test } from 'vitest'
import { checkWorker, startWorker, stopAllWorkers, WorkerFailure, type WorkerHandle } from '../../src/host/index.ts'
import { WorkerError } from '../../src/protocol/failure.ts'
import { tensorOf } from '../../src/tensor.ts'
import { fixture } from '../host/models.ts'
import { type PythonEngine, python, pythonEngines, workerCommand } from './python-workers.ts'

const reason = 'missing' in python ? ` (${python.missing})` : ''
const zooModel = `${import.meta.dirname}/../../zoo/llama`

afterEach(stopAllWorkers)

function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => new Error('it answered'),
    thrown => thrown,
  )
}

/** A worker of onnxruntime with a graph whose one pass takes hours, in native code. */
async function startEndless(): Promise<WorkerHandle> {
  const worker = await startWorker({ engine: 'ort-python', command: workerCommand('ort-python') })
  const load = { handle: 'loop', device: 'ort-python:cpu', form: 'onnx', path: fixture('loop') } as const
  await worker.call('load', { ...load, precision: 'fp32', interface: null, options: {} })
  return worker
}

const ENDLESS = { trips: tensorOf([], BigInt64Array.of(10n ** 12n)), x: tensorOf([1], Float32Array.of(1)) }
const MEASURE = {
  handle: 'loop',
  workload: 'forward',
  newTokens: 0,
  warmup: 0,
  repetitions: 1,
  budgetMs: 0,
} as const

describe.skipIf('missing' in python)(`the Python worker${reason}`, () => {
  test.each(pythonEngines.flatMap(engine => [false, true].map(stdio => [engine, stdio] as const)))(
    '%s conforms (over standard streams: %s)',
    async (engine, stdio) => {
      const options = engine === 'torch' ? { model: zooModel } : {}
      const report = await checkWorker({ command: workerCommand(engine), stdio }, options)
      expect(report.checks.filter(check => check.status === 'fail')).toEqual([])
      expect(report).toMatchObject({ engine, conforms: true })
    },
    120_000,
  )

  test('one that is killed in the middle of a native call is reported with the signal', async () => {
    const worker = await startEndless()
    // A measured loop says that it is about to begin its first pass.
    const onProgress = () => void process.kill(worker.pid ?? 0, 'SIGKILL')
    const error = await errorOf(worker.call('measure', MEASURE, ENDLESS, { onProgress }))
    expect(error).toBeInstanceOf(WorkerFailure)
    expect(error).toMatchObject({ kind: 'signal', message: expect.stringContaining('SIGKILL') })
  })

  test('a native call that hangs runs into its deadline, and not into the silence of heartbeats', async () => {
    const worker = await startEndless()
    const error = await errorOf(worker.call('measure', MEASURE, ENDLESS, { deadlineMs: 1500 }))
    expect(error).toMatchObject({ kind: 'deadline' })
  })

  test('a batch that no memory holds is out-of-memory, and the worker goes on', async () => {
    // 6 GB of addresses: more than torch takes, and less than the embeddings of this batch (40000 x 200 x 256 in fp32: 8 GB).
    const command = ['bash', '-c', 'ulimit -v 6000000; exec "$@"', '-', ...workerCommand('torch')]
    const worker = await startWorker({ engine: 'torch', command })
    const load = { handle: 'm', device: 'torch:cpu', form: 'huggingface', path: zooModel, precision: 'fp32' } as const
    await worker.call('load', { ...load, interface: null, options: { threads: 1 } })
    const many = { input_ids: tensorOf([40_000, 200], new BigInt64Array(40_000 * 200)) }
    const run = { handle: 'm', outputs: null, logitsToKeep: 1 }
    const error = await errorOf(worker.call('run', run, many))
    expect(error).toBeInstanceOf(WorkerError)
    expect(error).toMatchObject({ code: 'out-of-memory' })
    const one = { input_ids: tensorOf([1, 1], BigInt64Array.of(1n)) }
    expect((await worker.call('run', run, one)).tensors['logits']?.shape).toEqual([1, 1, 2048])
  }, 120_000)
})

test.each([
  ['torch', 'torch', 'torch transformers'],
  ['ort-python', 'onnxruntime', 'onnxruntime'],
  ['openvino', 'openvino', 'openvino'],
] as const satisfies readonly (readonly [PythonEngine, string, string])[])(
  '%s without its library is unsupported, with the line that installs it',
  async (engine, library, packages) => {
    // -S: without the folder of installed packages.
    const error = await errorOf(startWorker({ engine, command: workerCommand(engine, '-S') }))
    expect(error).toMatchObject({
      message: expect.stringMatching(
        new RegExp(`${library} is not installed in (\\S+): \\1 -m pip install ${packages}$`),
      ),
    })
  },
)
