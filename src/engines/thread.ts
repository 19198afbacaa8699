/** The engine's thread inside a worker: takes one call at a time from the main thread, and may block as long as it likes. */
import { parentPort, workerData } from 'node:worker_threads'
import { assayHome } from '../home.ts'
import { WorkerError } from '../protocol/failure.ts'
import type { NamedTensors } from '../tensor.ts'
import type { Engine, Turn } from './engine.ts'
import type { ThreadData, ThreadMessage, ThreadRequest } from './engine-thread.ts'
import { engines } from './index.ts'
import { receivedFiles } from './received.ts'
import { ownTensors } from './transfer.ts'

/** Progress is for people, and a pass may take microseconds. */
const PROGRESS_MS = 100

if (parentPort === null) throw new Error('thread.ts runs inside a worker thread')
const port = parentPort
// The main thread of the same program wrote it.
const { engine: name, interrupted } = workerData as ThreadData
const engine = await engines[name]()
// Here and not in the main thread: to hash a large file takes as long as a call of the engine.
const received = receivedFiles(assayHome(process.env))

port.on('message', async (request: ThreadRequest) => {
  const { id } = request
  let saidMs = Number.NEGATIVE_INFINITY
  const turn: Turn = {
    isInterrupted: () => Atomics.load(interrupted, 0) === id,
    progress(done, total) {
      if (performance.now() - saidMs < PROGRESS_MS) return
      saidMs = performance.now()
      port.postMessage({ kind: 'progress', id, done, total } satisfies ThreadMessage)
    },
  }
  try {
    const answer = await dispatch(engine, request, turn)
    const owned = ownTensors(answer.tensors ?? {})
    port.postMessage(
      { kind: 'answer', id, answer: { ...answer, tensors: owned.tensors } } satisfies ThreadMessage,
      owned.transfer,
    )
  } catch (error) {
    const code = error instanceof WorkerError ? error.code : 'failed'
    const message = error instanceof Error ? error.message : String(error)
    port.postMessage({ kind: 'error', id, code, message } satisfies ThreadMessage)
  }
})

function dispatch(engine: Engine, { method, params, tensors }: ThreadRequest, turn: Turn): Promise<AnyAnswer> {
  if (method === 'devices') return engine.devices().then(result => ({ result }))
  const owner = { ...engine, ...received }
  // The main thread parsed the parameters by this method's own schema.
  const run = owner[method] as (params: unknown, tensors: NamedTensors, turn: Turn) => Promise<AnyAnswer>
  return run.call(owner, params, tensors, turn)
}

interface AnyAnswer {
  readonly result: unknown
  readonly tensors?: NamedTensors
}
