import { afterEach, describe, expect, test } from 'vitest'
import type { CallOptions } from '../../src/host/index.ts'
import {
  startWorker,
  stopAllWorkers,
  WorkerFailure,
  type WorkerHandle,
  type WorkerOptions,
} from '../../src/host/index.ts'
import { WorkerError } from '../../src/protocol/failure.ts'
import { tensorOf } from '../../src/tensor.ts'
import { isGone } from './gone.ts'

const RUN = { handle: 'h', outputs: null, logitsToKeep: 0 }
const SHORT = { interruptMs: 200, terminateMs: 200, stopMs: 500 }
/** Only where silence is the point: a busy machine must not fail the other tests. */
const SHORT_SILENCE = { ...SHORT, silenceMs: 400 }

function start(mode: string, options: Partial<WorkerOptions> = {}): Promise<WorkerHandle> {
  const command = [process.execPath, `${import.meta.dirname}/fixtures/misbehaving.ts`, mode]
  return startWorker({ engine: 'test', command, grace: SHORT, ...options })
}

/** How the worker's `run` ended; fails where it gave an answer. */
async function failureOf(worker: WorkerHandle, options: CallOptions = { deadlineMs: 20_000 }): Promise<WorkerFailure> {
  const error: unknown = await worker.call('run', RUN, {}, options).then(
    () => new Error('it answered'),
    thrown => thrown,
  )
  if (!(error instanceof WorkerFailure)) throw error
  return error
}

afterEach(stopAllWorkers)

describe('a worker that dies is reported with its first cause', () => {
  test.each([
    ['exit', 'exit', 'the test worker exited with code 3 during run'],
    ['segfault', 'signal', 'the test worker was killed by SIGSEGV (a crash in native code) during run'],
    ['sigkill', 'signal', 'the test worker was killed by SIGKILL'],
    ['stop', 'heartbeat', 'the test worker fell silent: no heartbeat for'],
    ['busy', 'heartbeat', 'the test worker fell silent: no heartbeat for'],
    ['garbage', 'protocol', 'it sent the text "devi" where a frame should begin'],
    ['halfFrame', 'closed', 'the test worker closed its frames in mid-frame, and went on running during run'],
    ['exitInMidFrame', 'exit', 'the test worker exited with code 4 in mid-frame during run'],
    ['wrongResult', 'protocol', 'the test worker answered run with what is not allowed: durationMs'],
  ])('%s: %s', async (mode, kind, message) => {
    const worker = await start(mode, kind === 'heartbeat' ? { grace: SHORT_SILENCE } : {})
    const failure = await failureOf(worker)
    expect(failure.kind).toBe(kind)
    expect(failure.message).toContain(message)
    expect(failure.details.call).toBe('run')
    expect(isGone(worker.pid ?? 0)).toBe(true)
    expect(worker.isAlive).toBe(false)
  })

  test('SIGKILL where memory was short names the out-of-memory killer, and elsewhere does not', async () => {
    const plain = await failureOf(await start('sigkill'))
    expect(plain.message).toMatch(/SIGKILL \(from outside/)
    const worker = await start('holdMemory', { memoryLimitBytes: 400 * 1024 ** 2 })
    const failure = await failureOf(worker, {
      onProgress: done => done === 1 && process.kill(worker.pid ?? 0, 'SIGKILL'),
    })
    expect(failure.message).toMatch(/SIGKILL \(which is what the out-of-memory killer does: it held \d+ MiB of 400 MiB/)
  })

  test('a call past its deadline: the worker is killed, with SIGKILL where it does not listen', async () => {
    const failure = await failureOf(await start('hang'), { deadlineMs: 150 })
    expect(failure).toMatchObject({ kind: 'deadline', message: 'the test worker did not answer run within 150 ms' })
    const stubborn = await failureOf(await start('stubborn'), { deadlineMs: 150 })
    expect(stubborn).toMatchObject({ kind: 'deadline', details: { signal: 'SIGKILL' } })
  })

  test('a worker over its memory limit', async () => {
    const failure = await failureOf(await start('allocate', { memoryLimitBytes: 256 * 1024 ** 2 }))
    expect(failure.kind).toBe('memory')
    expect(failure.message).toMatch(/held \d+ MiB of memory, over its limit of 256 MiB during run/)
  })

  test('a command that does not exist', async () => {
    const starting = startWorker({ engine: 'npu', command: ['./no-such-worker'] })
    await expect(starting).rejects.toMatchObject({
      kind: 'spawn',
      message: 'the npu worker could not be started: ./no-such-worker: command or directory not found',
    })
  })

  test('the end of its standard error is kept, and only the end', async () => {
    const failure = await failureOf(await start('noisy'))
    expect(failure.stderrTail).toMatch(/x\nlast words\n$/)
    expect(failure.stderrTail.length).toBe(8192)
  })

  test('calls after the death fail at once with the same failure', async () => {
    const worker = await start('exit')
    const first = await failureOf(worker)
    expect(await failureOf(worker)).toBe(first)
  })
})

test('a grandchild dies with its worker', async () => {
  const failure = await failureOf(await start('grandchild'), { deadlineMs: 300 })
  const pid = Number(/grandchild (\d+)/.exec(failure.stderrTail)?.[1])
  expect(pid).toBeGreaterThan(0)
  await expect.poll(() => isGone(pid)).toBe(true)
})

test('an answer that it cannot leaves the worker alive', async () => {
  const worker = await start('unable')
  const run = () => worker.call('run', RUN)
  await expect(run()).rejects.toEqual(new WorkerError('out-of-memory', 'no room for 3 tensors'))
  await expect(run()).rejects.toMatchObject({ code: 'out-of-memory' })
  await expect(worker.call('unload', { handle: 'h' })).rejects.toMatchObject({ code: 'unsupported' })
})

test('what a worker prints does not disturb its frames', async () => {
  const worker = await start('printing')
  await worker.call('run', RUN)
  await expect(worker.call('run', RUN)).resolves.toMatchObject({ result: { durationMs: 1 } })
})

describe('an interrupted call', () => {
  test('ends with the worker’s answer, and the worker lives on', async () => {
    const worker = await start('interruptible')
    const controller = new AbortController()
    const onProgress = () => controller.abort()
    const call = worker.call('run', RUN, {}, { signal: controller.signal, onProgress })
    await expect(call).rejects.toMatchObject({ name: 'WorkerError', code: 'interrupted', message: 'as you like' })
    expect(worker.isAlive).toBe(true)
  })

  test('ends with the worker’s death where it does not answer', async () => {
    const worker = await start('silentOnInterrupt')
    const controller = new AbortController()
    const onProgress = () => controller.abort()
    const call = worker.call('run', RUN, {}, { signal: controller.signal, onProgress })
    await expect(call).rejects.toMatchObject({
      kind: 'interrupt',
      message: 'the test worker did not give up run within 200 ms',
    })
  })

  test('that was not sent yet never reaches the worker', async () => {
    const worker = await start('echo')
    const signal = AbortSignal.abort()
    await expect(worker.call('run', RUN, {}, { signal })).rejects.toMatchObject({ code: 'interrupted' })
    await expect(worker.call('run', RUN)).resolves.toBeDefined()
  })
})

test('a worker of another protocol version is refused', async () => {
  await expect(start('otherVersion')).rejects.toMatchObject({ name: 'AssayError', code: 'protocol-invalid' })
})

test('large tensors come back byte for byte', async () => {
  const worker = await start('echo')
  const x = tensorOf(
    [3_000_001],
    Float32Array.from({ length: 3_000_001 }, (_, i) => i * 0.5),
  )
  const empty = tensorOf([0, 4], new Int32Array(0))
  const { tensors } = await worker.call('run', RUN, { x, empty })
  expect(Object.keys(tensors)).toEqual(['x', 'empty'])
  expect(tensors['x']?.shape).toEqual([3_000_001])
  expect(Buffer.compare(tensors['x']?.bytes ?? new Uint8Array(), x.bytes)).toBe(0)
  expect(tensors['empty']).toEqual(empty)
})

test('calls made together are answered in order', async () => {
  const worker = await start('echo')
  const numbers = [1, 2, 3, 4]
  const replies = await Promise.all(numbers.map(n => worker.call('run', RUN, { n: tensorOf([1], Int32Array.of(n)) })))
  expect(replies.map(({ tensors }) => tensors['n']?.bytes[0])).toEqual(numbers)
})

test('a stopped worker is gone, and its call in progress says that it was stopped', async () => {
  const worker = await start('hang')
  const call = worker.call('run', RUN)
  const rejected = expect(call).rejects.toMatchObject({
    kind: 'stopped',
    message: expect.stringContaining('was stopped'),
  })
  await worker.stop()
  await rejected
  expect(isGone(worker.pid ?? 0)).toBe(true)
})
