import { extname } from 'node:path'
import { SHARE_ENV, Worker } from 'node:worker_threads'
import { WorkerError } from '../protocol/failure.ts'
import type { Params, WorkerErrorCode } from '../protocol/messages.ts'
import type { Answer, FileMethod, RequestContext } from '../protocol/serve.ts'
import type { NamedTensors } from '../tensor.ts'
import type { EngineDescription, EngineMethod } from './engine.ts'
import type { NodeEngine } from './index.ts'
import { ownTensors } from './transfer.ts'

/** The calls that are answered in the engine's thread. */
type ThreadMethod = EngineMethod | FileMethod

/** What the main thread sends to the engine's thread. */
export interface ThreadRequest {
  readonly id: number
  readonly method: ThreadMethod | 'devices'
  readonly params: unknown
  readonly tensors: NamedTensors
}

/** What the engine's thread sends back. */
export type ThreadMessage =
  | { readonly kind: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly code: WorkerErrorCode; readonly message: string }
  | { readonly kind: 'progress'; readonly id: number; readonly done: number; readonly total: number }

export interface ThreadData {
  readonly engine: NodeEngine
  /** One int32: the id of the call to give up. */
  readonly interrupted: Int32Array<SharedArrayBuffer>
}

interface Waiting {
  resolve(answer: unknown): void
  reject(error: Error): void
  progress(done: number, total: number): void
}

/** The main thread's view of the engine: calls become messages, tensors change hands without a copy. */
export class EngineThread {
  readonly #thread: Worker
  readonly #interrupted = new Int32Array(new SharedArrayBuffer(4))
  readonly #waiting = new Map<number, Waiting>()

  constructor(engine: NodeEngine) {
    const workerData: ThreadData = { engine, interrupted: this.#interrupted }
    const script = new URL(`./thread${extname(import.meta.filename)}`, import.meta.url)
    // Drivers read the real environment, which a thread changes only where it shares it.
    this.#thread = new Worker(script, { workerData, env: SHARE_ENV })
    this.#thread.on('message', (message: ThreadMessage) => this.#receive(message))
    this.#thread.on('error', error => {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
      process.exit(70)
    })
  }

  async describe(): Promise<EngineDescription> {
    // The answer comes from our own thread, which types it as EngineDescription.
    return ((await this.#send(0, 'devices', null, {}, () => undefined)) as { result: EngineDescription }).result
  }

  async call<M extends ThreadMethod>(
    method: M,
    params: Params<M>,
    tensors: NamedTensors,
    context: RequestContext,
  ): Promise<Answer<M>> {
    // The answer comes from our own thread, whose engine types it as Answer<M>.
    return (await this.#send(context.id, method, params, tensors, context.progress)) as Answer<M>
  }

  interrupt(id: number): void {
    Atomics.store(this.#interrupted, 0, id)
  }

  #send(
    id: number,
    method: ThreadMethod | 'devices',
    params: unknown,
    tensors: NamedTensors,
    progress: Waiting['progress'],
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, progress })
      const owned = ownTensors(tensors)
      const request: ThreadRequest = { id, method, params, tensors: owned.tensors }
      this.#thread.postMessage(request, owned.transfer)
    })
  }

  #receive(message: ThreadMessage): void {
    const waiting = this.#waiting.get(message.id)
    if (waiting === undefined) return
    switch (message.kind) {
      case 'progress':
        waiting.progress(message.done, message.total)
        return
      case 'answer':
        this.#waiting.delete(message.id)
        waiting.resolve(message.answer)
        return
      case 'error':
        this.#waiting.delete(message.id)
        waiting.reject(new WorkerError(message.code, message.message))
        return
    }
  }
}
