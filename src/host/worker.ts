import { AssayError } from '../errors.ts'
import { Connection } from '../protocol/connection.ts'
import { ProtocolError, WorkerError } from '../protocol/failure.ts'
import { describeIssue, type Frame } from '../protocol/frames.ts'
import { METHODS, type Method, type Params, PROTOCOL_VERSION, type Result } from '../protocol/messages.ts'
import type { NamedTensors } from '../tensor.ts'
import { DEFAULT_DEADLINES_MS, DEFAULT_GRACE, type Grace } from './deadlines.ts'
import { endingOf } from './ending.ts'
import { type FailureKind, sayBytes, sayMs, WorkerFailure } from './failure.ts'
import { isInGroup, type MemoryReading, readResidentBytes } from './memory.ts'
import { type Exit, type WorkerCommand, WorkerProcess, within } from './process.ts'

export interface WorkerOptions extends WorkerCommand {
  /** What messages call it: `ort`. */
  readonly engine: string
  readonly deadlinesMs?: Partial<Record<Method, number>>
  /** The worker is killed once its resident memory is over this. */
  readonly memoryLimitBytes?: number
  readonly grace?: Partial<Grace>
}

export interface CallOptions {
  readonly deadlineMs?: number
  /** How far the call is, where the worker says so. */
  readonly onProgress?: (done: number, total: number) => void
  /** Interrupts the call; it then fails with a WorkerError `interrupted`, unless it was done first. */
  readonly signal?: AbortSignal
}

export interface Reply<M extends Method> {
  readonly result: Result<M>
  readonly tensors: NamedTensors
}

interface Pending {
  readonly id: number
  readonly method: Method
  readonly startedMs: number
  readonly onProgress: ((done: number, total: number) => void) | undefined
  resolve(frame: Frame): void
  reject(error: Error): void
}

/** Failures whose sentence says already what the worker was doing. */
const NAMES_ITS_CALL: ReadonlySet<FailureKind> = new Set(['spawn', 'deadline', 'interrupt'])
const MEMORY_POLL_MS = 100
/** How long after its frames ended a worker may take to end itself, before that is called a failure of its own. */
const EXIT_GRACE_MS = 500

/** A worker that said hello, and takes calls one after another. */
export class WorkerHandle {
  readonly engine: string
  readonly #options: WorkerOptions
  readonly #process: WorkerProcess
  readonly #connection: Connection
  readonly #grace: Grace
  readonly #timers: NodeJS.Timeout[] = []
  #hello: Result<'hello'> | null = null
  #pending: Pending | null = null
  #queue: Promise<unknown> = Promise.resolve()
  #lastId = 0
  #failing: Promise<WorkerFailure> | null = null
  #isStopping = false
  /** How its frames ended, once they have. */
  #end: 'between frames' | 'in mid-frame' | null = null
  #memory: MemoryReading | null = null

  constructor(options: WorkerOptions) {
    this.engine = options.engine
    this.#options = options
    this.#grace = { ...DEFAULT_GRACE, ...options.grace }
    this.#process = new WorkerProcess(options)
    this.#connection = new Connection(this.#process.output, this.#process.input, {
      frame: frame => this.#receive(frame),
      closed: (error, midFrame) => void this.#framesEnded(error, midFrame),
    })
    void this.#process.exited.then(exit => this.#processEnded(exit))
    // A worker behind standard streams may be on another machine, where its pid is another process's here: its heartbeats tell.
    if (options.stdio !== true) this.#every(MEMORY_POLL_MS, () => this.#checkMemory())
  }

  /** The process that was started, or null where it could not be. */
  get pid(): number | null {
    return this.#process.pid
  }

  /** What the worker said of itself and its devices. */
  get hello(): Result<'hello'> {
    if (this.#hello === null) throw new Error(`the ${this.engine} worker has not said hello`)
    return this.#hello
  }

  /** Whether calls can still be made. */
  get isAlive(): boolean {
    return this.#failing === null && !this.#isStopping
  }

  /**
   * Makes one call, after those made before it. Its deadline begins when it is sent.
   * @throws WorkerError for the worker's own answer that it cannot; WorkerFailure where the worker died, and was killed
   */
  call<M extends Method>(
    method: M,
    params: Params<M>,
    tensors: NamedTensors = {},
    options: CallOptions = {},
  ): Promise<Reply<M>> {
    const reply = this.#queue.then(() => this.#call(method, params, tensors, options))
    this.#queue = reply.catch(() => undefined)
    return reply
  }

  /** Ends the worker: closes its input, and kills it where it does not go by itself. Never throws. */
  async stop(): Promise<void> {
    this.#isStopping = true
    const failing = this.#failing
    if (failing !== null) {
      await failing
      return
    }
    this.#connection.end()
    await within(this.#process.exited, this.#pending === null ? this.#grace.stopMs : 0)
    await this.#fail('stopped', 'was stopped')
  }

  /** Says hello. @throws as `call`, and AssayError for a worker of another protocol version */
  async greet(): Promise<void> {
    const { devices } = this.#options
    const { result } = await this.call('hello', {
      protocol: PROTOCOL_VERSION,
      host: 'assay',
      ...(devices !== undefined && { devices: [...devices] }),
    })
    if (result.protocol !== PROTOCOL_VERSION)
      throw new AssayError(
        'protocol-invalid',
        `the ${this.engine} worker speaks protocol ${result.protocol}, this Assay speaks ${PROTOCOL_VERSION}: update the older of the two`,
      )
    this.#hello = result
    if (result.heartbeatMs > 0) this.#watchHeartbeat(Math.max(this.#grace.silenceMs, 3 * result.heartbeatMs))
  }

  async #call<M extends Method>(
    method: M,
    params: Params<M>,
    tensors: NamedTensors,
    options: CallOptions,
  ): Promise<Reply<M>> {
    const { signal, onProgress } = options
    if (this.#failing !== null) throw await this.#failing
    if (signal?.aborted) throw new WorkerError('interrupted', `${method} was interrupted before it was sent`)
    const id = ++this.#lastId
    const deadlineMs = options.deadlineMs ?? this.#options.deadlinesMs?.[method] ?? DEFAULT_DEADLINES_MS[method]
    const timers: NodeJS.Timeout[] = []
    const interrupt = () => {
      void this.#connection.send({ kind: 'interrupt', id })
      const { interruptMs } = this.#grace
      const late = () => void this.#fail('interrupt', `did not give up ${method} within ${sayMs(interruptMs)}`)
      timers.push(setTimeout(late, interruptMs))
    }
    try {
      const answered = new Promise<Frame>((resolve, reject) => {
        this.#pending = { id, method, startedMs: performance.now(), onProgress, resolve, reject }
      })
      // A failure while the request is still being written must not count as unhandled.
      answered.catch(() => undefined)
      const late = () => void this.#fail('deadline', `did not answer ${method} within ${sayMs(deadlineMs)}`)
      // A longer time than a timer can take is no deadline.
      if (deadlineMs < 2 ** 31) timers.push(setTimeout(late, deadlineMs))
      signal?.addEventListener('abort', interrupt, { once: true })
      const sent = this.#connection.send({ kind: 'request', id, method, params }, tensors)
      const frame = await Promise.race([answered, sent.then(() => answered)])
      return this.#parse(method, frame)
    } finally {
      this.#pending = null
      for (const timer of timers) clearTimeout(timer)
      signal?.removeEventListener('abort', interrupt)
    }
  }

  async #parse<M extends Method>(method: M, { header, tensors }: Frame): Promise<Reply<M>> {
    if (header.kind === 'error') throw new WorkerError(header.code, header.message)
    if (header.kind !== 'response') throw new Error(`${header.kind} is no answer`)
    const parsed = METHODS[method].result.safeParse(header.result)
    if (!parsed.success)
      throw await this.#fail('protocol', `answered ${method} with what is not allowed: ${describeIssue(parsed.error)}`)
    // Parsed by this method's own schema on the line above; the table's type does not carry that through a generic index.
    return { result: parsed.data as Result<M>, tensors }
  }

  #receive(frame: Frame): void {
    const { header } = frame
    switch (header.kind) {
      case 'response':
      case 'error':
        if (header.id === this.#pending?.id) this.#pending.resolve(frame)
        else void this.#fail('protocol', `answered call ${header.id}, which is not in progress`)
        return
      case 'progress':
        if (header.id === this.#pending?.id) this.#pending.onProgress?.(header.done, header.total)
        return
      case 'heartbeat':
        if (header.memoryBytes !== null) this.#noteMemory(header.memoryBytes)
        return
      case 'request':
      case 'interrupt':
        void this.#fail('protocol', `sent a ${header.kind}, which only the host may send`)
        return
    }
  }

  async #framesEnded(error: Error | null, midFrame: boolean): Promise<void> {
    if (error instanceof ProtocolError) {
      await this.#fail('protocol', `broke the protocol: it sent ${error.message}`)
      return
    }
    this.#end = midFrame ? 'in mid-frame' : 'between frames'
    // A process that dies closes its frames first, and how it died says more.
    if (await within(this.#process.exited, EXIT_GRACE_MS)) return
    await this.#fail('closed', `closed its frames ${this.#end}, and went on running`)
  }

  #processEnded(exit: Exit): void {
    const { kind, what } = endingOf(exit, {
      command: this.#options,
      isInMidFrame: this.#end === 'in mid-frame',
      memory: this.#memory,
      memoryLimitBytes: this.#options.memoryLimitBytes,
    })
    void this.#fail(kind, what)
  }

  /** Records the first cause of death, kills the worker, and then tells the call in progress. Later causes are ignored. */
  #fail(kind: FailureKind, what: string): Promise<WorkerFailure> {
    this.#failing ??= this.#isStopping ? this.#die('stopped', 'was stopped') : this.#die(kind, what)
    return this.#failing
  }

  async #die(kind: FailureKind, what: string): Promise<WorkerFailure> {
    for (const timer of this.#timers) clearInterval(timer)
    const pending = this.#pending
    const during =
      pending === null || NAMES_ITS_CALL.has(kind)
        ? ''
        : ` during ${pending.method}, after ${sayMs(performance.now() - pending.startedMs)}`
    const exit = await this.#process.terminate(kind === 'stopped' && pending === null ? 0 : this.#grace.terminateMs)
    this.#connection.destroy()
    const failure = new WorkerFailure(kind, `the ${this.engine} worker ${what}${during}`, {
      call: pending?.method ?? null,
      exitCode: exit.kind === 'exit' ? exit.code : null,
      signal: exit.kind === 'signal' ? exit.signal : null,
      stderrTail: this.#process.stderr.text,
      stdoutTail: this.#process.stdout.text,
    })
    pending?.reject(failure)
    workers.delete(this)
    return failure
  }

  #checkMemory(): void {
    const { pid } = this.#process
    if (pid === null) return
    // A command may be a wrapper; the worker itself then is another process of its group.
    const told = this.#hello?.pid
    const bytes = readResidentBytes(told !== undefined && told !== pid && isInGroup(told, pid) ? told : pid)
    if (bytes !== null) this.#noteMemory(bytes)
  }

  #noteMemory(residentBytes: number): void {
    this.#memory = { residentBytes, availableBytes: process.availableMemory() }
    const limit = this.#options.memoryLimitBytes
    if (limit !== undefined && residentBytes > limit)
      void this.#fail('memory', `held ${sayBytes(residentBytes)} of memory, over its limit of ${sayBytes(limit)}`)
  }

  #watchHeartbeat(silenceMs: number): void {
    const tickMs = silenceMs / 4
    let lastTickMs = performance.now()
    let aliveMs = lastTickMs
    this.#every(tickMs, () => {
      const nowMs = performance.now()
      // This process itself was held up (stopped, asleep, busy): that silence says nothing of the worker.
      if (nowMs - lastTickMs > 2 * tickMs) aliveMs = nowMs
      lastTickMs = nowMs
      aliveMs = Math.max(aliveMs, this.#connection.lastReceivedMs)
      // Frames that ended are judged by how the process ends.
      if (this.#end === null && nowMs - aliveMs > silenceMs)
        void this.#fail(
          'heartbeat',
          `fell silent: no heartbeat for ${sayMs(nowMs - aliveMs)}, so it is stopped or hangs`,
        )
    })
  }

  #every(ms: number, action: () => void): void {
    // Watching a worker is no reason for Assay to go on running.
    this.#timers.push(setInterval(action, ms).unref())
  }
}

const workers = new Set<WorkerHandle>()

/**
 * Starts a worker and says hello.
 * @throws WorkerFailure where it cannot be started or dies; WorkerError where it refuses; AssayError for another protocol
 */
export async function startWorker(options: WorkerOptions): Promise<WorkerHandle> {
  const worker = new WorkerHandle(options)
  workers.add(worker)
  try {
    await worker.greet()
    return worker
  } catch (error) {
    await worker.stop()
    throw error
  }
}

/** Stops every worker that this process started; for a signal handler. */
export async function stopAllWorkers(): Promise<void> {
  await Promise.all([...workers].map(worker => worker.stop()))
}
