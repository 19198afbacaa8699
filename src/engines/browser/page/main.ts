/** The page: says what the browser has, and gives each model a thread of its own, so that the page itself always answers. */
import { type GpuAdapter, type PageThread, scope } from './scope.ts'

/** What the worker asks of the page, by `globalThis.assay`. */
export interface PageCalls {
  describe(wants: { readonly webgpu: boolean; readonly webnn: boolean }): Promise<PageDescription>
  /** A thread for a model; what it is to do comes with `call`. */
  open(handle: string): void
  /** Has the thread fetch a call and answer it to the server. Rejects where the thread itself fails. */
  call(handle: string, id: number): Promise<void>
  /** The call in progress is to be given up. */
  interrupt(handle: string): void
  /** Ends the thread: its WebAssembly memory, which only grows, is given back whole. */
  close(handle: string): void
}

export interface PageDescription {
  readonly userAgent: string
  readonly crossOriginIsolated: boolean
  readonly threads: number
  readonly webgpu: AdapterDescription | null
  /** Kinds of device for which a WebNN context could be made; null where the browser has no WebNN. */
  readonly webnn: readonly string[] | null
}

export interface AdapterDescription {
  readonly vendor: string
  readonly architecture: string
  readonly device: string
  readonly description: string
  readonly isFallback: boolean
  readonly limits: Readonly<Record<string, number>>
  readonly features: readonly string[]
}

/** What a model's thread says to the page. */
export type ThreadMessage =
  | { readonly kind: 'done'; readonly id: number }
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }

/** What the page says to a model's thread. */
export type PageMessage =
  | { readonly kind: 'open'; readonly base: string; readonly interrupted: Int32Array }
  | { readonly kind: 'call'; readonly id: number }

interface Thread {
  readonly worker: PageThread
  readonly interrupted: Int32Array
  pending: { readonly id: number; resolve(): void; reject(error: Error): void } | null
}

const threads = new Map<string, Thread>()
/** Of the server, above this module's `sources/engines/browser/page/`. */
const BASE = new URL('../../../../', import.meta.url).href
const EXTENSION = import.meta.url.slice(import.meta.url.lastIndexOf('.'))

function threadOf(handle: string): Thread {
  const thread = threads.get(handle)
  if (thread === undefined) throw new Error(`no thread for ${handle}`)
  return thread
}

const calls: PageCalls = {
  async describe(wants) {
    const { gpu, ml, hardwareConcurrency, userAgent } = scope.navigator
    // One that only the CPU computes is asked for where there is no other.
    const adapter = wants.webgpu
      ? ((await gpu?.requestAdapter()) ?? (await gpu?.requestAdapter({ forceFallbackAdapter: true })) ?? null)
      : null
    return {
      userAgent,
      crossOriginIsolated: scope.crossOriginIsolated,
      threads: hardwareConcurrency,
      webgpu: adapter && describeAdapter(adapter),
      webnn: wants.webnn && ml !== undefined ? await contextsOf(ml) : null,
    }
  },

  open(handle) {
    const worker = new scope.Worker(new URL(`./model${EXTENSION}`, import.meta.url), { type: 'module' })
    const interrupted = new Int32Array(new SharedArrayBuffer(4))
    const thread: Thread = { worker, interrupted, pending: null }
    worker.onmessage = ({ data }) => {
      // From our own thread.
      const message = data as ThreadMessage
      if (message.kind === 'progress') reportProgress(message.done, message.total)
      else if (message.id === thread.pending?.id) thread.pending.resolve()
    }
    worker.onerror = ({ message }) => thread.pending?.reject(new Error(message ?? 'the thread could not be started'))
    worker.postMessage({ kind: 'open', base: BASE, interrupted } satisfies PageMessage)
    threads.set(handle, thread)
  },

  async call(handle, id) {
    const thread = threadOf(handle)
    Atomics.store(thread.interrupted, 0, 0)
    try {
      await new Promise<void>((resolve, reject) => {
        thread.pending = { id, resolve, reject }
        thread.worker.postMessage({ kind: 'call', id } satisfies PageMessage)
      })
    } finally {
      thread.pending = null
    }
  },

  interrupt(handle) {
    Atomics.store(threadOf(handle).interrupted, 0, 1)
  },

  close(handle) {
    threadOf(handle).worker.terminate()
    threads.delete(handle)
  },
}

/** The worker puts it here before the page is opened. */
declare const reportProgress: (done: number, total: number) => void

Object.assign(globalThis, { assay: calls })

function describeAdapter({ info, limits, features }: GpuAdapter): AdapterDescription {
  const { vendor, architecture, device, description, isFallbackAdapter = false } = info
  const { maxBufferSize = 0, maxStorageBufferBindingSize = 0 } = limits
  return {
    vendor,
    architecture,
    device,
    description,
    isFallback: isFallbackAdapter,
    limits: { maxBufferSize, maxStorageBufferBindingSize },
    features: [...features],
  }
}

async function contextsOf(ml: NonNullable<typeof scope.navigator.ml>): Promise<string[]> {
  const made: string[] = []
  for (const deviceType of ['npu', 'gpu', 'cpu'])
    try {
      await ml.createContext({ deviceType })
      made.push(deviceType)
    } catch {
      // This is the question: whether it can be made.
    }
  return made
}
