/** A model's thread in the page: onnxruntime-web with one session, the calls on it, and the timed loops. */
import type * as Ort from 'onnxruntime-web'
import { WorkerError } from '../../../protocol/failure.ts'
import type { Params } from '../../../protocol/messages.ts'
import type { Answer } from '../../../protocol/serve.ts'
import type { NamedTensors } from '../../../tensor.ts'
import type { Turn } from '../../engine.ts'
import { workerError } from '../../onnxruntime/errors.ts'
import { generate } from '../../onnxruntime/generate.ts'
import { measure } from '../../onnxruntime/measure.ts'
import { leaveCacheOnDevice, sessionOptions } from '../../onnxruntime/options.ts'
import { run } from '../../onnxruntime/run.ts'
import { describeValue, Session } from '../../onnxruntime/session.ts'
import type { PageCall } from '../calls.ts'
import { decodeFrame, encodeFrame } from './frames.ts'
import type { PageMessage, ThreadMessage } from './main.ts'
import { scope, threadScope } from './scope.ts'

type AnyAnswer = Answer<'load' | 'run' | 'generate' | 'measure'>

/** Progress is for people, and a pass may take microseconds. */
const PROGRESS_MS = 100

/**
 * The build of onnxruntime-web for each provider. The plain one is smaller, and faster on the CPU: the other is compiled so that
 * WebAssembly can wait for the GPU (Emscripten's Asyncify).
 */
const BUILDS: Readonly<Record<string, string>> = { wasm: 'ort.wasm.min.mjs' }
const ASYNC_BUILD = 'ort.webgpu.min.mjs'

let base = ''
let interrupted: Int32Array = new Int32Array(1)
let session: Session | null = null
/** Rejects once the GPU's device is lost. */
let lost = new Promise<never>(() => undefined)

threadScope.onmessage = async ({ data }) => {
  // From our own page.
  const message = data as PageMessage
  if (message.kind === 'open') {
    base = message.base
    interrupted = message.interrupted
    return
  }
  const url = `${base}calls/${message.id}`
  const { header, tensors } = decodeFrame<PageCall>(await (await fetch(url)).arrayBuffer())
  const { id } = header
  const frame = await Promise.race([answer(header, tensors), lost])
    .then(({ result, tensors }) => encodeFrame({ kind: 'response', id, result }, tensors))
    .catch((error: unknown) => {
      const { code, message } = workerError(error, header.method)
      return encodeFrame({ kind: 'error', id, code, message })
    })
  // As a Blob: playwright reads a body of bytes along, in base64, which takes seconds for logits.
  const sent = await fetch(url, { method: 'POST', body: new Blob(frame) })
  if (!sent.ok) throw new Error(`the answer to call ${id} was refused: ${sent.status}`)
  threadScope.postMessage({ kind: 'done', id: message.id } satisfies ThreadMessage)
}

async function answer(call: PageCall, tensors: NamedTensors): Promise<AnyAnswer> {
  switch (call.method) {
    case 'load':
      return load(call)
    case 'run':
      return run(loaded(), call.params, tensors)
    case 'generate':
      return generate(loaded(), call.params, tensors, turn())
    case 'measure':
      return measure(loaded(), () => null, call.params, tensors, turn())
  }
}

function loaded(): Session {
  if (session === null) throw new WorkerError('invalid-request', 'no model is loaded')
  return session
}

function turn(): Turn {
  let saidMs = Number.NEGATIVE_INFINITY
  return {
    isInterrupted: () => Atomics.load(interrupted, 0) === 1,
    progress(done, total) {
      if (performance.now() - saidMs < PROGRESS_MS) return
      saidMs = performance.now()
      threadScope.postMessage({ kind: 'progress', done, total } satisfies ThreadMessage)
    },
  }
}

async function load({ params, url, externalData }: Extract<PageCall, { method: 'load' }>): Promise<Answer<'load'>> {
  const provider = params.device.split(':')[1] ?? ''
  const { interface: graph } = params
  const startedMs = performance.now()
  const ort = await importRuntime(BUILDS[provider] ?? ASYNC_BUILD)
  const threads = threadsOf(params.options)
  ort.env.wasm.wasmPaths = `${base}runtime/`
  ort.env.wasm.numThreads = threads
  // onnxruntime-web 1.30 copies an output that was made beforehand into WebAssembly's memory, and never back.
  if (provider !== 'webgpu' && graph?.cache?.layout === 'shared')
    throw new WorkerError('unsupported', `${params.device} cannot write into a shared cache: it takes rows or append`)
  const residency = provider === 'webgpu' ? 'device' : 'host'
  const options: Ort.InferenceSession.SessionOptions = {
    ...sessionOptions(provider, params.options, threads),
    externalData: externalData.map(({ path, url }) => ({ path, data: url })),
    ...(residency === 'device' && graph !== null ? { preferredOutputLocation: leaveCacheOnDevice(graph) } : {}),
  }
  const native = await ort.InferenceSession.create(url, options).catch((error: unknown) => {
    throw workerError(error, `loading ${params.path}`)
  })
  if (provider === 'webgpu') watchDevice(await ort.env.webgpu.device)
  session = new Session(native, graph, residency, ort.Tensor)
  const loadMs = performance.now() - startedMs
  return {
    result: {
      loadMs,
      inputs: session.inputs.map(describeValue),
      outputs: session.outputs.map(describeValue),
      placement: null,
      memoryBytes: null,
    },
  }
}

function threadsOf({ threads }: Params<'load'>['options']): number {
  return threads === undefined ? scope.navigator.hardwareConcurrency : Number(threads)
}

/**
 * onnxruntime-web gives fp16 values as a Float16Array where the global exists, and as their bits in a Uint16Array where it does not; the
 * code here works on bits, as onnxruntime-node needs it. It looks at each tensor, so that the global stays away.
 */
async function importRuntime(file: string): Promise<typeof Ort> {
  Reflect.deleteProperty(globalThis, 'Float16Array')
  // A module by its URL has no type; this one is the package's own.
  return (await import(`${base}runtime/${file}`)) as typeof Ort
}

interface LostDevice {
  readonly lost: Promise<{ readonly reason: string; readonly message: string }>
}

function watchDevice(device: unknown): void {
  // A GPUDevice: https://www.w3.org/TR/webgpu/#gpudevice
  lost = (device as LostDevice).lost.then(({ reason, message }) => {
    throw new WorkerError('device-lost', `the browser lost the GPU's device (${reason}): ${message}`)
  })
  lost.catch(() => undefined)
}
