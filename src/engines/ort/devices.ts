/** What onnxruntime-node can run on here. */
import { availableParallelism, cpus, totalmem } from 'node:os'
import { WorkerError } from '../../protocol/failure.ts'
import type { DeviceDescription } from '../../protocol/messages.ts'

/** Every device that works here, the CPU first. */
export async function findDevices(): Promise<DeviceDescription[]> {
  return [describeCpu()]
}

/** onnxruntime's name of the provider behind a device: `ort:cpu` is `cpu`. @throws WorkerError for another engine's device */
export function providerOf(device: string): string {
  const [engine, provider = ''] = device.split(':')
  if (engine !== 'ort') throw new WorkerError('invalid-request', `${device} is no device of ort`)
  return provider
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
    precisions: ['fp32', 'fp16', 'int8', 'int4'],
    dialect: 'ort',
    properties: { provider: 'CPUExecutionProvider', architecture: process.arch, threads: String(threads) },
  }
}
