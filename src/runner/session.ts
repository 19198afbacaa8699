/** A model loaded in a worker: what the runner asks of it. */
import { type Reply, startWorker, type WorkerHandle } from '../host/index.ts'
import type { GraphInterface, Params, Result } from '../protocol/messages.ts'
import type { NamedTensors } from '../tensor.ts'
import type { DeviceId, Form, Precision } from '../words.ts'
import type { EngineLaunch } from './discovery.ts'

/** What a worker is told to load. */
export interface Loadable {
  readonly device: DeviceId
  readonly form: Form
  readonly path: string
  readonly precision: Precision
  readonly interface: GraphInterface | null
  readonly options: Params<'load'>['options']
}

export interface SessionLimits {
  readonly loadMs: number
  readonly callMs: number
  readonly workerMemoryBytes?: number | undefined
}

const HANDLE = 'model'

/** One worker with one model. Closing it ends the process, so that nothing of one unit is left for the next. */
export class Session {
  readonly loaded: Result<'load'>
  readonly #worker: WorkerHandle
  readonly #limits: SessionLimits
  readonly #signal: AbortSignal

  private constructor(worker: WorkerHandle, loaded: Result<'load'>, limits: SessionLimits, signal: AbortSignal) {
    this.#worker = worker
    this.loaded = loaded
    this.#limits = limits
    this.#signal = signal
  }

  /** Starts the engine's worker and loads the model. Throws WorkerFailure or WorkerError; leaves no process behind then. */
  static async open(
    launch: EngineLaunch,
    loadable: Loadable,
    limits: SessionLimits,
    signal: AbortSignal,
  ): Promise<Session> {
    const worker = await startWorker({
      engine: launch.engine,
      command: launch.command,
      stdio: launch.stdio,
      devices: [loadable.device],
      ...(limits.workerMemoryBytes === undefined ? {} : { memoryLimitBytes: limits.workerMemoryBytes }),
    })
    try {
      return await Session.#load(worker, loadable, limits, signal)
    } catch (error) {
      await worker.stop()
      throw error
    }
  }

  static async #load(worker: WorkerHandle, loadable: Loadable, limits: SessionLimits, signal: AbortSignal) {
    const { result } = await worker.call(
      'load',
      { handle: HANDLE, ...loadable },
      {},
      { deadlineMs: limits.loadMs, signal },
    )
    return new Session(worker, result, limits, signal)
  }

  /** Whether calls can still be made: false once the worker died or was closed. */
  get isAlive(): boolean {
    return this.#worker.isAlive
  }

  /** Unloads the model and loads another one in the same worker; this session is of no use then. */
  async change(loadable: Loadable): Promise<Session> {
    await this.#worker.call('unload', { handle: HANDLE }, {}, { deadlineMs: this.#limits.callMs, signal: this.#signal })
    return Session.#load(this.#worker, loadable, this.#limits, this.#signal)
  }

  async run(tensors: NamedTensors, logitsToKeep = 0): Promise<NamedTensors> {
    const reply = await this.#call('run', { handle: HANDLE, outputs: null, logitsToKeep }, tensors)
    return reply.tensors
  }

  async generate(tensors: NamedTensors, options: Omit<Params<'generate'>, 'handle'>): Promise<NamedTensors> {
    const reply = await this.#call('generate', { handle: HANDLE, ...options }, tensors)
    return reply.tensors
  }

  measure(tensors: NamedTensors, options: Omit<Params<'measure'>, 'handle'>): Promise<Reply<'measure'>> {
    return this.#call('measure', { handle: HANDLE, ...options }, tensors)
  }

  close(): Promise<void> {
    return this.#worker.stop()
  }

  #call<M extends 'run' | 'generate' | 'measure'>(
    method: M,
    params: Params<M>,
    tensors: NamedTensors,
  ): Promise<Reply<M>> {
    return this.#worker.call(method, params, tensors, { deadlineMs: this.#limits.callMs, signal: this.#signal })
  }
}
