/** Whether a worker speaks the protocol: what `assay engine check -- COMMAND` finds out. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeIssue } from '../protocol/frames.ts'
import { METHODS, type Method, type Params, PROTOCOL_VERSION, type Result } from '../protocol/messages.ts'
import {
  BYTES_PER_ELEMENT,
  type ElementType,
  elementCount,
  type NamedTensors,
  tensorOf,
  tokenTensor,
} from '../tensor.ts'
import type { Form } from '../words.ts'
import { keepsFiles } from './conformance-files.ts'
import { ConformancePeer, NoAnswer } from './conformance-peer.ts'
import { sayBytes, sayMs } from './failure.ts'
import type { WorkerCommand } from './process.ts'

export interface ConformanceCheck {
  readonly name: string
  readonly status: 'pass' | 'fail' | 'skip'
  readonly detail: string
}

export interface ConformanceReport {
  /** What the worker calls its engine, once it has said so. */
  readonly engine: string | null
  readonly conforms: boolean
  readonly checks: readonly ConformanceCheck[]
}

export interface ConformanceOptions {
  /** A model that the worker can load: a directory, or an .onnx file without an interface. Without one, some checks are skipped. */
  readonly model?: string
  /** How long each answer may take, ms. */
  readonly answerMs?: number
}

/** A check gives its detail, or throws: a Skip with the reason, or an Error with what is wrong. */
type Check = (peer: ConformancePeer, state: State) => Promise<string>

class Skip extends Error {}

/** What later checks know from earlier ones. */
interface State {
  readonly options: ConformanceOptions
  hello: Result<'hello'> | null
  loaded: { readonly form: Form; readonly inputs: Result<'load'>['inputs'] } | null
}

const HANDLE = 'conformance'
const BIG_BYTES = 64 * 1024 * 1024

/** In order; each says in its name what a worker that conforms does. */
const CHECKS: Readonly<Record<string, Check>> = {
  async 'refuses another protocol version'(peer) {
    const { header } = await peer.ask('hello', { protocol: 9999, host: 'assay' })
    if (header.kind !== 'error') throw new Error('answered hello for protocol 9999 as if it spoke it')
    return header.message
  },

  async 'says hello as the schema wants'(peer, state) {
    const { result } = await askWell(peer, 'hello', { protocol: PROTOCOL_VERSION, host: 'assay' })
    if (result.protocol !== PROTOCOL_VERSION)
      throw new Error(`speaks protocol ${result.protocol}, not ${PROTOCOL_VERSION}`)
    if (result.devices.length === 0) throw new Error('names no device')
    const foreign = result.devices.find(device => !device.id.startsWith(`${result.engine}:`))
    if (foreign !== undefined) throw new Error(`${foreign.id} does not begin with the engine's name, ${result.engine}:`)
    const missing = ['hello', 'load', 'run', 'unload'].filter(method => !result.methods.includes(method))
    if (missing.length > 0) throw new Error(`does not answer ${missing.join(', ')}`)
    state.hello = result
    return `${result.engine}: ${result.devices.map(device => device.id).join(', ')}`
  },

  async 'answers an unknown call with an error, and lives on'(peer) {
    const { header } = await peer.ask('no-such-call', {})
    if (header.kind !== 'error') throw new Error('answered a call that does not exist')
    await askWell(peer, 'hello', { protocol: PROTOCOL_VERSION, host: 'assay' })
    return `${header.code}: ${header.message}`
  },

  async 'answers bad parameters with an error, and lives on'(peer) {
    for (const params of [{}, { handle: 7 }, null, 'text']) {
      const { header } = await peer.ask('load', params)
      if (header.kind !== 'error') throw new Error(`answered load with the parameters ${JSON.stringify(params)}`)
    }
    await askWell(peer, 'hello', { protocol: PROTOCOL_VERSION, host: 'assay' })
    return 'four kinds of them'
  },

  async 'answers with an error for a model that was never loaded'(peer) {
    for (const method of ['unload', 'run'] as const) {
      const { header } = await peer.ask(method, { handle: 'nobody', outputs: null, logitsToKeep: 0 })
      if (header.kind !== 'error') throw new Error(`answered ${method} of an unknown handle`)
    }
    return 'unload and run'
  },

  async 'reads a big frame to its end'(peer) {
    const x = tensorOf([BIG_BYTES], new Uint8Array(BIG_BYTES))
    const startedMs = performance.now()
    const { header } = await peer.ask('run', { handle: 'nobody', outputs: null, logitsToKeep: 0 }, { x })
    if (header.kind !== 'error') throw new Error('answered run of an unknown handle')
    await askWell(peer, 'hello', { protocol: PROTOCOL_VERSION, host: 'assay' })
    return `${sayBytes(BIG_BYTES)} in ${sayMs(performance.now() - startedMs)}`
  },

  async 'sends heartbeats as often as it promised'(peer, state) {
    const periodMs = need(state.hello, 'it has not said hello').heartbeatMs
    if (periodMs === 0) throw new Skip('it promised none')
    const longestMs = await peer.longestSilence(3, 3 * periodMs + 1000)
    // A machine at work delays a thread now and then; a missed beat is a gap of two periods.
    if (longestMs > 2 * periodMs + 250)
      throw new Error(`was silent for ${sayMs(longestMs)}, and promised ${periodMs} ms`)
    return `every ${periodMs} ms promised, ${sayMs(longestMs)} at most`
  },

  async 'keeps the files that it is sent'(peer, state) {
    const { methods } = need(state.hello, 'it has not said hello')
    const told = ['artifact', 'write'].filter(method => methods.includes(method))
    if (told.length === 0) throw new Skip('it keeps none: it is given paths on a disk that it shares')
    if (told.length === 1) throw new Error(`answers ${told} alone: artifact and write go together`)
    return keepsFiles((method, params, tensors) => askWell(peer, method, params, tensors), peer)
  },

  async 'loads a model'(peer, state) {
    const hello = need(state.hello, 'it has not said hello')
    const { form, path, remove } = modelFor(hello, state.options.model)
    const device = hello.devices[0]
    if (device === undefined) throw new Skip('it has no device')
    try {
      const precision = device.precisions[0] ?? 'fp32'
      const params = { handle: HANDLE, device: device.id, form, path, precision, interface: null, options: {} }
      const { result } = await askWell(peer, 'load', params)
      state.loaded = { form, inputs: result.inputs }
      return `in ${sayMs(result.loadMs)}: ${result.inputs.map(input => input.name).join(', ')}`
    } finally {
      remove()
    }
  },

  async 'gives tensors back byte for byte'(peer, state) {
    const { form } = need(state.loaded, 'no model is loaded')
    if (form !== 'onnx' || state.options.model !== undefined)
      throw new Skip('needs the identity graph, which only a worker of the form onnx takes')
    const values = Float32Array.from({ length: 3 * 257 }, (_, i) => (i - 300) / 7)
    const x = tensorOf([3, 257], values)
    const { tensors } = await askWell(peer, 'run', { handle: HANDLE, outputs: null, logitsToKeep: 0 }, { x })
    const y = need(tensors['y'], 'there is no output y')
    if (y.type !== 'f32' || y.shape.join() !== '3,257') throw new Error(`gave ${y.type}[${y.shape}], not f32[3,257]`)
    if (Buffer.compare(y.bytes, x.bytes) !== 0) throw new Error('the bytes differ')
    return `${x.bytes.byteLength} bytes`
  },

  async 'gives up an interrupted call, and goes on'(peer, state) {
    const { form, inputs } = need(state.loaded, 'no model is loaded')
    const hello = need(state.hello, 'it has not said hello')
    if (!hello.methods.includes('measure')) throw new Skip('it does not measure')
    const startedMs = performance.now()
    const { header } = await peer.askAndInterrupt('measure', endlessMeasure(), endlessInputs(form, inputs))
    if (header.kind !== 'error') throw new Error('answered as if nothing had happened')
    if (header.code !== 'interrupted') throw new Error(`answered ${header.code}: ${header.message}`)
    await askWell(peer, 'hello', { protocol: PROTOCOL_VERSION, host: 'assay' })
    return `in ${sayMs(performance.now() - startedMs)}`
  },

  async 'unloads, and then knows the model no more'(peer, state) {
    need(state.loaded, 'no model is loaded')
    await askWell(peer, 'unload', { handle: HANDLE })
    const { header } = await peer.ask('unload', { handle: HANDLE })
    if (header.kind !== 'error') throw new Error('unloaded it twice')
    return 'unloaded once'
  },

  async 'keeps what it prints out of its frames'(peer) {
    const printed = Buffer.byteLength(peer.stdout)
    return printed === 0 ? 'it printed nothing' : `it printed at least ${printed} bytes`
  },

  async 'ends when its input closes'(peer) {
    return `${await peer.hangUp()}`
  },
}

/** Starts a worker, asks it everything, and says what it did. Never throws for what the worker does. */
export async function checkWorker(
  command: WorkerCommand,
  options: ConformanceOptions = {},
): Promise<ConformanceReport> {
  const peer = new ConformancePeer(command, options.answerMs ?? 60_000)
  const state: State = { options, hello: null, loaded: null }
  const checks: ConformanceCheck[] = []
  let lost: string | null = null
  try {
    for (const [name, check] of Object.entries(CHECKS)) {
      if (lost !== null) {
        checks.push({ name, status: 'skip', detail: lost })
        continue
      }
      try {
        checks.push({ name, status: 'pass', detail: await check(peer, state) })
      } catch (error) {
        if (!(error instanceof Error)) throw error
        checks.push({ name, status: error instanceof Skip ? 'skip' : 'fail', detail: error.message })
        // Who gave no answer once may give it later, to another question.
        if (error instanceof NoAnswer) lost = 'the worker was lost before'
      }
    }
  } finally {
    await peer.kill()
  }
  const conforms = checks.every(check => check.status !== 'fail')
  return { engine: state.hello?.engine ?? null, conforms, checks }
}

/** Asks what must be answered, and parses the answer. */
async function askWell<M extends Method>(
  peer: ConformancePeer,
  method: M,
  params: Params<M>,
  tensors: NamedTensors = {},
): Promise<{ result: Result<M>; tensors: NamedTensors }> {
  const { header, tensors: given } = await peer.ask(method, params, tensors)
  if (header.kind === 'error') throw new Error(`${method}: ${header.code}: ${header.message}`)
  if (header.kind !== 'response') throw new Error(`${method}: ${header.kind} is no answer`)
  const parsed = METHODS[method].result.safeParse(header.result)
  if (!parsed.success) throw new Error(`${method}: ${describeIssue(parsed.error)}`)
  // Parsed by this method's own schema on the line above.
  return { result: parsed.data as Result<M>, tensors: given }
}

function need<T>(value: T | null | undefined, otherwise: string): T {
  if (value === null || value === undefined) throw new Skip(otherwise)
  return value
}

/** The model that was given, or the identity graph for a worker that takes graphs. */
function modelFor({ forms }: Result<'hello'>, model: string | undefined): { form: Form; path: string; remove(): void } {
  if (model !== undefined) {
    const form: Form = model.endsWith('.onnx') ? 'onnx' : 'huggingface'
    if (!forms.includes(form)) throw new Skip(`it does not take the form ${form}`)
    return { form, path: model, remove: () => undefined }
  }
  if (!forms.includes('onnx')) throw new Skip('give a model that it can load (--model)')
  const folder = mkdtempSync(join(tmpdir(), 'assay-conformance-'))
  const path = join(folder, 'identity.onnx')
  writeFileSync(path, Buffer.from(IDENTITY_GRAPH, 'base64'))
  return { form: 'onnx', path, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** y = Identity(x), f32 [rows, columns], opset 17. */
const IDENTITY_GRAPH =
  'CAgSBWFzc2F5OlwKEAoBeBIBeSIISWRlbnRpdHkSCGlkZW50aXR5Wh4KAXgSGQoXCAESEwoGEgRyb3dzCgkSB2NvbHVtbnNiHgoBeRIZChcIARITCgYSBHJvd3MKCRIHY29sdW1uc0IECgAQEQ=='

function endlessMeasure(): Omit<Params<'measure'>, 'workload'> & { workload: 'forward' } {
  const hourMs = 3_600_000
  return { handle: HANDLE, workload: 'forward', newTokens: 0, warmup: 0, repetitions: 1e9, budgetMs: hourMs }
}

/** Two tokens for a language model's directory; zeros, and 1 for every dimension that varies, for any other model. */
function endlessInputs(form: Form, inputs: Result<'load'>['inputs']): NamedTensors {
  if (form === 'huggingface' && inputs.some(({ name }) => name === 'input_ids'))
    return { input_ids: tokenTensor([[0, 1]]) }
  return Object.fromEntries(
    inputs.map(({ name, type, shape }) => {
      if (!isElementType(type)) throw new Error(`takes ${name} of the type ${type}, which no tensor has`)
      const sizes = shape.map(size => (typeof size === 'number' ? size : 1))
      return [name, { type, shape: sizes, bytes: new Uint8Array(elementCount(sizes) * BYTES_PER_ELEMENT[type]) }]
    }),
  )
}

function isElementType(name: string): name is ElementType {
  return Object.hasOwn(BYTES_PER_ELEMENT, name)
}
