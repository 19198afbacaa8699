import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { WorkerError } from '../../protocol/failure.ts'
import type { Frame } from '../../protocol/frames.ts'
import { METHODS } from '../../protocol/messages.ts'
import type { Answer } from '../../protocol/serve.ts'
import type { Engine, EngineDescription } from '../engine.ts'
import { peakBytes, resetPeak, residentBytes } from '../memory.ts'
import { describeDevices, isWanted } from './devices.ts'
import { findBrowser } from './find.ts'
import { type BrowserProcess, launchBrowser } from './launch.ts'
import { offerModel } from './load.ts'
import { PageServer } from './server.ts'
import { Tab } from './tab.ts'

interface Started {
  readonly process: BrowserProcess
  readonly server: PageServer
  readonly tab: Tab
  readonly description: EngineDescription
}

/** onnxruntime-web in a real browser: WebAssembly, WebGPU, and WebNN where the browser has it. */
export function createEngine(): Engine {
  let starting: Promise<Started> | null = null
  /** Asked for the first time, it starts the browser, which then stays. */
  const started = () => {
    starting ??= start()
    return starting
  }
  /** Models by handle, with their device. */
  const models = new Map<string, string>()
  const deviceOf = (handle: string): string => {
    const device = models.get(handle)
    if (device === undefined)
      throw new WorkerError('invalid-request', `no model is loaded as ${JSON.stringify(handle)}`)
    return device
  }
  return {
    devices: async () => (await started()).description,
    async load(params, _tensors, turn) {
      const { handle, device } = params
      if (models.has(handle))
        throw new WorkerError('invalid-request', `a model is already loaded as ${JSON.stringify(handle)}`)
      const { description, process, server, tab } = await started()
      if (!description.devices.some(({ id }) => id === device))
        throw new WorkerError('unsupported', `there is no ${device} in this browser`)
      const { asked, withdraw } = offerModel(params, server)
      await tab.open(handle)
      try {
        const { result } = answerOf('load', await tab.call(handle, asked, {}, turn))
        models.set(handle, device)
        return { result: { ...result, memoryBytes: await sumOf(process, device, residentBytes) } }
      } catch (error) {
        await tab.close(handle).catch(() => undefined)
        throw error
      } finally {
        withdraw()
      }
    },
    async run(params, tensors, turn) {
      deviceOf(params.handle)
      const { tab } = await started()
      return answerOf('run', await tab.call(params.handle, { method: 'run', params }, tensors, turn))
    },
    async generate(params, tensors, turn) {
      deviceOf(params.handle)
      const { tab } = await started()
      return answerOf('generate', await tab.call(params.handle, { method: 'generate', params }, tensors, turn))
    },
    async measure(params, tensors, turn) {
      const device = deviceOf(params.handle)
      const { process, tab } = await started()
      // Set back before the warm-up, whose passes hold what the measured ones do.
      for (const pid of await process.processes()) resetPeak(pid)
      const answer = answerOf('measure', await tab.call(params.handle, { method: 'measure', params }, tensors, turn))
      return { ...answer, result: { ...answer.result, peakMemoryBytes: await sumOf(process, device, peakBytes) } }
    },
    async unload({ handle }) {
      deviceOf(handle)
      const { tab } = await started()
      models.delete(handle)
      await tab.close(handle)
      return { result: {} }
    },
  }
}

async function start(): Promise<Started> {
  const path = findBrowser(process.env)
  const [server, browser] = await Promise.all([PageServer.start(), launchBrowser(path)])
  const tab = await Tab.open(browser, server)
  const wants = { webgpu: isWanted('browser:webgpu', process.env), webnn: isWanted('browser:webnn', process.env) }
  const devices = describeDevices(await tab.describe(wants), process.env)
  const versions = {
    'onnxruntime-web': runtimeVersion(),
    browser: browser.browser.version(),
    program: path,
    node: process.versions.node,
  }
  return { process: browser, server, tab, description: { versions, forms: ['onnx'], devices } }
}

function answerOf<M extends 'load' | 'run' | 'generate' | 'measure'>(method: M, { header, tensors }: Frame): Answer<M> {
  if (header.kind !== 'response') throw new Error(`${header.kind} is no answer`)
  // Parsed by this method's own schema; the table's type does not carry that through a generic index.
  return { result: METHODS[method].result.parse(header.result), tensors } as unknown as Answer<M>
}

/** Over the browser's processes, for what lies in their memory; null for a GPU's own, and where there is no /proc. */
async function sumOf(
  process: BrowserProcess,
  device: string,
  read: (pid: number) => number | null,
): Promise<number | null> {
  if (device !== 'browser:wasm') return null
  const bytes = (await process.processes()).map(read)
  return bytes.every(value => value !== null) ? bytes.reduce<number>((sum, value) => sum + (value ?? 0), 0) : null
}

const Manifest = z.object({ version: z.string() })

function runtimeVersion(): string {
  const entry = createRequire(import.meta.url).resolve('onnxruntime-web')
  return Manifest.parse(JSON.parse(readFileSync(join(dirname(entry), '..', 'package.json'), 'utf8'))).version
}
