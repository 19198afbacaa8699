/** A model's files, offered to the page. */
import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { AssayError } from '../../errors.ts'
import { externalFiles } from '../../onnx/external-files.ts'
import { WorkerError } from '../../protocol/failure.ts'
import type { Params } from '../../protocol/messages.ts'
import { WASM_BYTES } from './devices.ts'
import type { PageServer } from './server.ts'
import type { Asked } from './tab.ts'

/** The load of a model as the page takes it, and what to do once it is loaded. */
export function offerModel(params: Params<'load'>, server: PageServer): { asked: Asked; withdraw(): void } {
  const { form, path, device } = params
  if (form !== 'onnx') throw new WorkerError('unsupported', `browser takes .onnx files, not the form ${form}`)
  if (!existsSync(path)) throw new WorkerError('invalid-request', `there is no file ${path}`)
  const files = filesOf(path)
  checkSize(device, [path, ...files.map(({ path }) => path)])
  const names = ['model.onnx', ...files.map((_, index) => `weights-${index}`)].map(
    name => `${encodeURIComponent(params.handle)}/${name}`,
  )
  const [url = '', ...urls] = names.map((name, index) =>
    server.offer(name, index === 0 ? path : (files[index - 1]?.path ?? '')),
  )
  const externalData = files.map(({ location }, index) => ({ path: location, url: urls[index] ?? '' }))
  return { asked: { method: 'load', params, url, externalData }, withdraw: () => server.withdraw(names) }
}

/** onnxruntime-web is given every file of weights with the model: it has no disk on which to look for them. */
function filesOf(path: string): { location: string; path: string }[] {
  try {
    return externalFiles(path).map(location => ({ location, path: join(dirname(path), location) }))
  } catch (error) {
    if (error instanceof AssayError) throw new WorkerError('invalid-request', `loading ${path}: ${error.message}`)
    throw error
  }
}

/** On WebGPU weights go to the GPU one by one; on the CPU they lie in WebAssembly's memory, with everything else. */
function checkSize(device: string, paths: readonly string[]): void {
  const bytes = paths.reduce((sum, path) => sum + statSync(path).size, 0)
  if (device === 'browser:wasm' && bytes >= WASM_BYTES)
    throw new WorkerError(
      'unsupported',
      `the model has ${gib(bytes)} of weights, and WebAssembly has ${gib(WASM_BYTES)} of memory`,
    )
}

function gib(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(2)} GiB`
}
