/** A model loaded in a worker: what the runner asks of it. */
import { type Parcel, type Reply, sendParcel, startWorker, type WorkerHandle } from '../host/index.ts'
import type { GraphInterface, Params, Result } from '../protocol/messages.ts'
import type { NamedTensors } from '../tensor.ts'
import type { DeviceId, Form, Precision } from '../words.ts'
import type { EngineLaunch } from './discovery.ts'
import { pathIn } from './parcel.ts'

/** What a worker is told to load. */
export interface Loadable {
  /** As its worker calls it. */
  readonly device: DeviceId
  readonly form: Form
  readonly path: string
  readonly precision: Precision
  readonly interface: GraphInterface | null
  readonly options: Params<'load'>['options']
  /** Its files, with their checksums, which may take long to compute; absent where the worker is known to share this machine's disk. */
  readonly parcel?: () => Parcel
}

export interface SessionLimits {
  readonly loadMs: number
  readonly callMs: number
  readonly workerMemoryBytes?: number | undefined
}

/** Told of what takes long before a model is loaded; gives what tells how far that is. */
export type Teller = (text: string) => (done: number, total: number) => void

const HANDLE = 'model'

/** One worker with one model. Closing it ends the process, so that nothing of one unit is left for the next. */
export class Session {
  readonly loaded: Result<'load'>
  readonly #worker: WorkerHandle
  readonly #link: Link
  readonly #limits: SessionLimits
  readonly #signal: AbortSignal

  private constructor(link: Link, loaded: Result<'load'>, limits: SessionLimits, signal: AbortSignal) {
    this.#link = link
    this.#worker = link.worker
    this.loaded = loaded
    this.#limits = limits
    this.#signal = signal
  }

  /**
   * Starts the engine's worker and loads the model, whose files are sent first where the worker may not share this machine's disk.
   * Throws WorkerFailure or WorkerError; leaves no process behind then.
   */
  static async open(
    launch: EngineLaunch,
    loadable: Loadable,
    limits: SessionLimits,
    signal: AbortSignal,
    tell: Teller = () => () => undefined,
  ): Promise<Session> {
    const worker = await startWorker({
      engine: launch.engine,
      command: launch.command,
      stdio: launch.stdio,
      devices: [loadable.device],
      ...(limits.workerMemoryBytes === undefined ? {} : { memoryLimitBytes: limits.workerMemoryBytes }),
    })
    try {
      return await Session.#load({ worker, launch, tell }, loadable, limits, signal)
    } catch (error) {
      await worker.stop()
      throw error
    }
  }

  static async #load(link: Link, loadable: Loadable, limits: SessionLimits, signal: AbortSignal) {
    const { parcel, ...asked } = loadable
    const path = isApart(link) && parcel ? await sent(link, loadable, parcel(), signal) : loadable.path
    const { result } = await link.worker.call(
      'load',
      { handle: HANDLE, ...asked, path },
      {},
      { deadlineMs: limits.loadMs, signal },
    )
    return new Session(link, result, limits, signal)
  }

  /** Whether calls can still be made: false once the worker died or was closed. */
  get isAlive(): boolean {
    return this.#worker.isAlive
  }

  /** Unloads the model and loads another one in the same worker; this session is of no use then. */
  async change(loadable: Loadable): Promise<Session> {
    await this.#worker.call('unload', { handle: HANDLE }, {}, { deadlineMs: this.#limits.callMs, signal: this.#signal })
    return Session.#load(this.#link, loadable, this.#limits, this.#signal)
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

/** A worker with what leads to it. */
interface Link {
  readonly worker: WorkerHandle
  readonly launch: EngineLaunch
  readonly tell: Teller
}

/** Whether a worker may be on a machine of its own and keeps what it is sent. One that does not is given paths, as on a shared disk. */
function isApart({ worker, launch }: Link): boolean {
  return launch.stdio && worker.hello.methods.includes('artifact')
}

/** Sends what is to be loaded, as far as it is not there; gives its path on the worker's machine. */
async function sent(
  { worker, launch, tell }: Link,
  { form, path }: Loadable,
  parcel: Parcel,
  signal: AbortSignal,
): Promise<string> {
  const what = form === 'onnx' ? 'graph' : 'model'
  let progress: ReturnType<Teller> | null = null
  let told = -1
  const folder = await sendParcel(worker, parcel, {
    signal,
    onProgress(doneBytes, totalBytes) {
      progress ??= tell(`sending the ${what} to ${launch.engine}`)
      const percent = totalBytes === 0 ? 100 : Math.floor((100 * doneBytes) / totalBytes)
      if (percent > told) progress(percent, 100)
      told = Math.max(told, percent)
    },
  })
  if (progress !== null) tell(`loading the ${what} on ${launch.engine}`)
  return pathIn(folder, form, path)
}
