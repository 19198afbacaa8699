/** Models written for others to load. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { exportOnnx } from '../build/artifact.ts'
import { exportCheckpoint } from '../build/checkpoint.ts'
import { openModel, type TracedModel } from '../build/model.ts'
import { AssayError } from '../errors.ts'
import type { Dialect, Precision } from '../words.ts'
import { checkNewFolder, checkWritable } from './report-file.ts'

export interface Exported {
  readonly model: string
  readonly parameters: number
  readonly form: 'onnx' | 'huggingface'
  readonly precision: Precision | null
  readonly dialect: Dialect | null
  readonly files: readonly { readonly path: string; readonly sizeBytes: number }[]
}

/** A model as an ONNX file, with its large constants beside it. Throws AssayError. */
export function writeGraph(
  reference: string,
  { precision, dialect }: { readonly precision: Precision; readonly dialect: Dialect },
  path: string,
  base: string,
): Exported {
  const model = openTracedModel(reference, base)
  checkWritable(path, 'give a file in a folder that exists')
  exportOnnx(model, precision, dialect, path)
  const files = [path, `${path}.data`].filter(file => existsSync(file)).map(sized)
  return { model: reference, parameters: model.parameters, form: 'onnx', precision, dialect, files }
}

/** A model as a Hugging Face directory, which must be new or empty. Throws AssayError. */
export function writeCheckpoint(reference: string, directory: string, base: string): Exported {
  const model = openTracedModel(reference, base)
  checkNewFolder(directory)
  exportCheckpoint(model, directory)
  const files = readdirSync(directory)
    .sort()
    .map(name => sized(join(directory, name)))
  return { model: reference, parameters: model.parameters, form: 'huggingface', precision: null, dialect: null, files }
}

function openTracedModel(reference: string, base: string): TracedModel {
  const model = openModel(reference, base)
  if (model.kind !== 'onnx') return model
  throw new AssayError('argument-invalid', 'this is an ONNX file already', {
    where: reference,
    hint: 'export takes zoo/NAME, arch/NAME or a Hugging Face directory',
  })
}

function sized(path: string): { path: string; sizeBytes: number } {
  return { path, sizeBytes: statSync(path).size }
}
