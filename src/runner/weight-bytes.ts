import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { readOnnxSignature } from '../onnx/signature.ts'
import type { Loadable } from './session.ts'

/** The bytes that a device is given of a model: the graph's file with those that its weights lie in, or a directory's weight files. */
export function weightBytes({ form, path }: Pick<Loadable, 'form' | 'path'>): number {
  const files =
    form === 'onnx'
      ? [path, ...readOnnxSignature(path).externalFiles]
      : readdirSync(path)
          .filter(name => name.endsWith('.safetensors'))
          .map(name => join(path, name))
  return files.reduce((sum, file) => sum + statSync(file).size, 0)
}
