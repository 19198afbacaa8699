/** What onnxruntime-node can run on here. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { WorkerError } from '../../protocol/failure.ts'
import type { DeviceDescription } from '../../protocol/messages.ts'
import type { Precision } from '../../words.ts'
import { type ProbedPrecision, probeProvider } from './probe.ts'
import { ort } from './runtime.ts'
import { driverNames, findVulkanDrivers, isSoftware } from './vulkan.ts'

/** Weights of few bits: every provider has MatMulNBits, and unpacks them in its kernels. */
const PACKED: readonly Precision[] = ['int8', 'int4', 'int4-symmetric']

/** Providers beside the CPU and WebGPU that a binary of onnxruntime-node may hold, and what a device of theirs is. */
const OTHERS: Readonly<Record<string, Pick<DeviceDescription, 'name' | 'kind'>>> = {
  cuda: { name: 'NVIDIA GPU through CUDA', kind: 'gpu' },
  tensorrt: { name: 'NVIDIA GPU through TensorRT', kind: 'gpu' },
  dml: { name: 'GPU through DirectML', kind: 'gpu' },
  coreml: { name: 'Apple GPU and Neural Engine through Core ML', kind: 'npu' },
  qnn: { name: 'Qualcomm NPU through QNN', kind: 'npu' },
}

/**
 * Every device that works here, the CPU first. Each other one has computed something, in a process of its own, which takes up to
 * some seconds; so where the host names in ASSAY_DEVICES those that it will use, no other is looked for.
 */
export async function findDevices(): Promise<DeviceDescription[]> {
  const wanted = process.env['ASSAY_DEVICES']?.split(',')
  const offered = ort
    .listSupportedBackends()
    .filter(({ name }) => wanted === undefined || wanted.includes(`ort:${name}`))
    .filter(({ name, bundled }) => bundled || isInstalled(name))
    .map(backend => backend.name)
  const others = Object.entries(OTHERS).filter(([provider]) => offered.includes(provider))
  const found = await Promise.all([
    offered.includes('webgpu') ? findWebGpu() : null,
    ...others.map(async ([provider, { name, kind }]) => {
      const computes = await probeProvider(provider)
      return computes.length > 0 ? describe(provider, name, kind, computes, {}) : null
    }),
  ])
  return [describeCpu(), ...found.filter(device => device !== null)]
}

/** onnxruntime's name of the provider behind a device: `ort:cpu` is `cpu`. @throws WorkerError for another engine's device */
export function providerOf(device: string): string {
  const [engine, provider = ''] = device.split(':')
  if (engine !== 'ort') throw new WorkerError('invalid-request', `${device} is no device of ort`)
  return provider
}

/** WebGPU: over Direct3D or Metal always, over Vulkan where a driver works. Sets VK_ICD_FILENAMES where that one needs it. */
async function findWebGpu(): Promise<DeviceDescription | null> {
  if (process.platform !== 'linux') {
    const computes = await probeProvider('webgpu')
    const api = process.platform === 'darwin' ? 'Metal' : 'Direct3D 12'
    return computes.length > 0 ? describe('webgpu', `GPU through WebGPU on ${api}`, 'gpu', computes, { api }) : null
  }
  for (const drivers of findVulkanDrivers(process.env)) {
    const { icdFilenames } = drivers
    const computes = await probeProvider('webgpu', icdFilenames === null ? {} : { VK_ICD_FILENAMES: icdFilenames })
    if (computes.length === 0) continue
    if (icdFilenames !== null) process.env['VK_ICD_FILENAMES'] = icdFilenames
    const software = isSoftware(drivers)
    const name = software
      ? `${driverNames(drivers)}, a software GPU on the CPU, through WebGPU`
      : `GPU (${driverNames(drivers)}) through WebGPU`
    const properties = { api: 'Vulkan', drivers: drivers.manifests.join(':'), software: String(software) }
    return describe('webgpu', name, software ? 'cpu' : 'gpu', computes, properties)
  }
  return null
}

/** Whether the library of a provider that is no part of the package (CUDA, TensorRT) was put beside the binding. */
function isInstalled(provider: string): boolean {
  const entry = createRequire(import.meta.url).resolve('onnxruntime-node')
  const folder = join(dirname(entry), '..', 'bin', 'napi-v6', process.platform, process.arch)
  const file =
    process.platform === 'win32' ? `onnxruntime_providers_${provider}.dll` : `libonnxruntime_providers_${provider}.so`
  return existsSync(join(folder, file))
}

/**
 * GroupQueryAttention of onnxruntime 1.30's WebGPU provider is off by 4 to 9 % on texts of 48 tokens, natively and in a browser, where
 * plain operators on the same device agree to 1e-4 (docs/decisions/0012): a device is asked for what it can do right.
 */
function describe(
  provider: string,
  name: string,
  kind: DeviceDescription['kind'],
  computes: readonly ProbedPrecision[],
  properties: Record<string, string>,
): DeviceDescription {
  const precisions: Precision[] = [...computes, ...PACKED]
  return {
    id: `ort:${provider}`,
    name,
    kind,
    memoryBytes: null,
    precisions,
    dialect: provider === 'webgpu' ? 'portable' : 'ort',
    properties: { provider, ...properties },
  }
}

function describeCpu(): DeviceDescription {
  const threads = availableParallelism()
  const model = cpus()[0]?.model.trim() ?? process.arch
  const constrained = process.constrainedMemory()
  return {
    id: 'ort:cpu',
    name: `${model}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
    kind: 'cpu',
    memoryBytes: constrained > 0 ? Math.min(constrained, totalmem()) : totalmem(),
    precisions: ['fp32', 'fp16', ...PACKED],
    dialect: 'ort',
    properties: { provider: 'cpu', architecture: process.arch, threads: String(threads) },
  }
}
