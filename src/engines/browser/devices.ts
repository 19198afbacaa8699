/** What models can run on in the browser. */
import { cpus } from 'node:os'
import { WorkerError } from '../../protocol/failure.ts'
import type { DeviceDescription } from '../../protocol/messages.ts'
import type { Precision } from '../../words.ts'
import type { AdapterDescription, PageDescription } from './page/main.ts'

/** WebAssembly has addresses of 32 bits, and a browser gives it no more. */
export const WASM_BYTES = 4 * 1024 ** 3

/** Weights of few bits: WebAssembly and WebGPU have MatMulNBits, and unpack them in its kernels. */
const PACKED: readonly Precision[] = ['int8', 'int4', 'int4-symmetric']

/** Drivers that compute on the CPU, as their adapters call themselves. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|basic render/i

export function isWanted(device: string, env: NodeJS.ProcessEnv): boolean {
  return env['ASSAY_DEVICES']?.split(',').includes(device) ?? true
}

export function describeDevices(page: PageDescription, env: NodeJS.ProcessEnv): DeviceDescription[] {
  if (!page.crossOriginIsolated)
    throw new WorkerError(
      'unsupported',
      'the browser does not isolate the page, and so has neither threads nor exact clocks',
    )
  const { userAgent, crossOriginIsolated, threads, webgpu, webnn } = page
  const properties = { userAgent, crossOriginIsolated: String(crossOriginIsolated), threads: String(threads) }
  return [
    isWanted('browser:wasm', env) ? describeWasm(properties) : null,
    webgpu === null ? null : describeWebGpu(webgpu, properties),
    webnn === null || webnn.length === 0 ? null : describeWebNn(webnn, properties),
  ].filter(device => device !== null)
}

function describeWasm(properties: Record<string, string>): DeviceDescription {
  const model = cpus()[0]?.model.trim() ?? process.arch
  const { threads } = properties
  return {
    id: 'browser:wasm',
    name: `${model}, ${threads} ${threads === '1' ? 'thread' : 'threads'} of WebAssembly`,
    kind: 'cpu',
    memoryBytes: WASM_BYTES,
    precisions: ['fp32', ...PACKED],
    dialect: 'ort',
    // onnxruntime's CPU provider, compiled to WebAssembly.
    properties: { provider: 'cpu', ...properties },
  }
}

function describeWebGpu(adapter: AdapterDescription, properties: Record<string, string>): DeviceDescription {
  const { vendor, architecture, device, description, isFallback, limits, features } = adapter
  const words = [vendor, architecture, device, description].filter(word => word !== '')
  const software = isFallback || words.some(word => SOFTWARE.test(word))
  const name = description || [...new Set(words)].join(' ') || 'GPU'
  return {
    id: 'browser:webgpu',
    name: software
      ? `${name}, a software GPU on the CPU, through the browser's WebGPU`
      : `${name} through the browser's WebGPU`,
    kind: software ? 'cpu' : 'gpu',
    memoryBytes: null,
    precisions: [...(features.includes('shader-f16') ? (['fp32', 'fp16'] as const) : (['fp32'] as const)), ...PACKED],
    // GroupQueryAttention of this provider (onnxruntime-web 1.30, SwiftShader) gives logits off by 5 to 10 % for 48 tokens, where the
    // plain operators are off by 8e-5 at most; onnxruntime-node's does too. docs/browser.md
    dialect: 'portable',
    properties: {
      provider: 'webgpu',
      software: String(software),
      adapter: words.join(', '),
      ...Object.fromEntries(Object.entries(limits).map(([limit, value]) => [limit, String(value)])),
      features: features.join(' '),
      ...properties,
    },
  }
}

function describeWebNn(contexts: readonly string[], properties: Record<string, string>): DeviceDescription {
  const [best = 'cpu'] = contexts
  return {
    id: 'browser:webnn',
    name: `${best.toUpperCase()} through the browser's WebNN`,
    kind: best === 'npu' ? 'npu' : best === 'gpu' ? 'gpu' : 'cpu',
    memoryBytes: null,
    precisions: ['fp32'],
    dialect: 'portable',
    properties: { provider: 'webnn', contexts: contexts.join(' '), ...properties },
  }
}
